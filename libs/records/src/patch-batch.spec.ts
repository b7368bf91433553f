import type { LeaderEpoch, Offset } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { advanceSequence, crcAt, nextOffsetAt, readBatchHeader } from './batch-header.ts';
import { stampLogAppendTime, stampPosition, stampProducer } from './patch-batch.ts';
import { RecordBatchBuilder } from './record-batch-builder.ts';
import { readBatch } from './record-batch-reader.ts';

function build(): Buffer {
  const builder = new RecordBatchBuilder({ targetBytes: 1 << 16, maxBytes: 1 << 16 });
  builder.append(1000, null, Buffer.from('a'));
  builder.append(2000, null, Buffer.from('b'));
  return Buffer.concat([Buffer.alloc(3), builder.build({ compression: 'lz4' })]);
}

describe('a batch patched in place', () => {
  it('gets its position without a new CRC', () => {
    const bytes = build();
    const crc = crcAt(bytes, 3);
    stampPosition(bytes, 3, 123_456_789_012 as Offset, 7 as LeaderEpoch);
    expect(crcAt(bytes, 3)).toBe(crc);
    expect(readBatchHeader(bytes, 3)).toMatchObject({ baseOffset: 123_456_789_012, partitionLeaderEpoch: 7 });
    expect(nextOffsetAt(bytes, 3)).toBe(123_456_789_014);
    expect([...readBatch(bytes, 3)].map(({ offset }) => offset)).toEqual([123_456_789_012, 123_456_789_013]);
  });

  it('gets one append time for all records', () => {
    const bytes = build();
    stampLogAppendTime(bytes, 3, 99_999);
    expect(readBatchHeader(bytes, 3)).toMatchObject({
      timestampType: 'LogAppendTime',
      maxTimestamp: 99_999,
      baseTimestamp: 1000,
      compression: 'lz4',
    });
    expect([...readBatch(bytes, 3)].map(({ timestamp }) => timestamp)).toEqual([99_999, 99_999]);
  });

  it('gets a producer, and loses its transaction again', () => {
    const bytes = build();
    stampProducer(bytes, 3, { producerId: 5_000_000_000, producerEpoch: 32_766, baseSequence: 0x7fff_ffff, transactional: true });
    expect(readBatchHeader(bytes, 3)).toMatchObject({
      producerId: 5_000_000_000,
      producerEpoch: 32_766,
      baseSequence: 0x7fff_ffff,
      transactional: true,
    });
    stampProducer(bytes, 3, { producerId: 6, producerEpoch: 0, baseSequence: 0 });
    expect(readBatchHeader(bytes, 3)).toMatchObject({ producerId: 6, transactional: false });
    expect([...readBatch(bytes, 3)].length).toBe(2);
  });
});

describe('advanceSequence', () => {
  it('goes on with 0 after 2³¹−1', () => {
    expect(advanceSequence(5, 3)).toBe(8);
    expect(advanceSequence(0x7fff_ffff, 1)).toBe(0);
    expect(advanceSequence(0x7fff_fffe, 5)).toBe(3);
  });
});
