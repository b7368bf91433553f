import type { LeaderEpoch, Offset } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { readBatchHeader } from './batch-header.ts';
import { RecordBatchBuilder } from './record-batch-builder.ts';
import { readBatch } from './record-batch-reader.ts';
import { buildFiller, cutFillerFront, isFillerAt, withoutRecords } from './removed-records.ts';
import { validateBatch } from './validate-batch.ts';

const FROM_LOG = { origin: 'log', maxBytes: 1000 } as const;
const at = (offset: number): Offset => offset as Offset;

describe('what is left of removed records', () => {
  it('of a batch: its place, times, producer and sequence', () => {
    const builder = new RecordBatchBuilder({ targetBytes: 1000, maxBytes: 1000 });
    for (let index = 0; index < 5; index++) builder.append(1000 + index, new Uint8Array(1), new Uint8Array(9));
    const fields = {
      baseOffset: 70,
      partitionLeaderEpoch: 3,
      producerId: 9,
      producerEpoch: 1,
      baseSequence: 20,
      compression: 'zstd',
    } as const;
    const batch = builder.build(fields);
    const left = withoutRecords(batch, 0);
    expect(validateBatch(left, 0, FROM_LOG)).toBe(61);
    const { crc: _crc, ...before } = readBatchHeader(batch);
    expect(readBatchHeader(left)).toMatchObject({ ...before, sizeInBytes: 61, count: 0, compression: 'none' });
    expect([...readBatch(left)]).toEqual([]);
    expect(isFillerAt(left, 0)).toBe(false);
  });

  it('of several: one filler, which may be cut at its front', () => {
    const filler = buildFiller({ baseOffset: at(10), lastOffset: at(29), leaderEpoch: 2 as LeaderEpoch, maxTimestamp: 1000 });
    expect(validateBatch(filler, 0, FROM_LOG)).toBe(61);
    expect([isFillerAt(filler, 0), [...readBatch(filler)].length]).toEqual([true, 0]);
    cutFillerFront(filler, 0, at(20));
    validateBatch(filler, 0, FROM_LOG);
    expect(readBatchHeader(filler)).toMatchObject({
      baseOffset: 20,
      lastOffsetDelta: 9,
      partitionLeaderEpoch: 2,
      maxTimestamp: 1000,
      count: 0,
    });
  });
});
