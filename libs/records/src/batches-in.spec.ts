import { describe, expect, it } from 'vitest';
import { batchesIn } from './batches-in.ts';
import { writeInt32 } from './integers.ts';
import { RecordBatchBuilder } from './record-batch-builder.ts';

function build(records: number): Buffer {
  const builder = new RecordBatchBuilder({ targetBytes: 1 << 16, maxBytes: 1 << 16 });
  for (let index = 0; index < records; index++) builder.append(0, null, Buffer.alloc(index));
  return builder.build();
}

const batches = [build(1), build(20), build(3)];
const joined = Buffer.concat(batches);
const spans = [
  { position: 0, sizeInBytes: batches[0]!.length },
  { position: batches[0]!.length, sizeInBytes: batches[1]!.length },
  { position: batches[0]!.length + batches[1]!.length, sizeInBytes: batches[2]!.length },
];

describe('batchesIn', () => {
  it('finds every batch and where it begins', () => {
    expect([...batchesIn(joined)]).toEqual(spans);
    expect([...batchesIn(joined, spans[1]!.position)]).toEqual(spans.slice(1));
    expect([...batchesIn(Buffer.alloc(0))]).toEqual([]);
  });

  it('leaves out a last batch that is cut off anywhere', () => {
    for (let length = 0; length < joined.length; length++) {
      const whole = spans.filter(({ position, sizeInBytes }) => position + sizeInBytes <= length);
      expect([...batchesIn(joined.subarray(0, length))]).toEqual(whole);
    }
  });

  it.each([-1, 0, 48, -0x8000_0000])('throws at a batch of length %d after giving the ones before', (length) => {
    const bytes = Buffer.from(joined);
    writeInt32(bytes, spans[1]!.position + 8, length);
    const found = batchesIn(bytes);
    expect(found.next().value).toEqual(spans[0]);
    expect(() => found.next()).toThrow(expect.objectContaining({ reason: 'CORRUPT_BATCH' }));
  });

  it('throws at an unknown version', () => {
    const bytes = Buffer.from(joined);
    bytes[16] = 1;
    expect(() => [...batchesIn(bytes)]).toThrow(expect.objectContaining({ reason: 'CORRUPT_BATCH' }));
  });
});
