import { describe, expect, it } from 'vitest';
import { ABORT_CONTROL_TYPE, buildControlBatch, controlTypeOf, SHARD_EPOCH_CONTROL_TYPE, transactionMarkerOf } from './control-record.ts';
import { writeInt32, writeInt64 } from './integers.ts';
import { renewCrc } from './patch-batch.ts';
import { RecordBatchBuilder } from './record-batch-builder.ts';
import { readBatch } from './record-batch-reader.ts';

function build(): Buffer {
  const builder = new RecordBatchBuilder({ targetBytes: 1 << 16, maxBytes: 1 << 16 });
  builder.append(100, Buffer.from('k'), Buffer.from('v0'), [{ key: 'h', value: null }]);
  builder.append(101, Buffer.from('k'), Buffer.from('v1'));
  return builder.build();
}

/** A batch whose records section is `records`. */
function withRecords(hex: string, count = 1, lastOffsetDelta = count - 1): Buffer {
  const records = Buffer.from(hex, 'hex');
  const batch = Buffer.concat([new RecordBatchBuilder({ targetBytes: 100, maxBytes: 100 }).build(), records]);
  writeInt32(batch, 8, batch.length - 12);
  writeInt32(batch, 23, lastOffsetDelta);
  writeInt32(batch, 57, count);
  renewCrc(batch, 0);
  return batch;
}

const drain = (bytes: Uint8Array): number => [...readBatch(bytes)].length;
const corrupt: unknown = expect.objectContaining({ reason: 'CORRUPT_BATCH' });

describe('RecordBatchReader', () => {
  it('gives views of the batch, made when asked for', () => {
    const bytes = build();
    const [first] = readBatch(bytes);
    expect(first!.value!.buffer).toBe(bytes.buffer);
    expect([first!.keyLength, first!.valueLength]).toEqual([1, 2]);
    expect(first!.headers).toEqual([{ key: 'h', value: null }]);
    expect(first!.headers).toEqual(first!.headers);
  });

  it('reads a plain Uint8Array', () => {
    const bytes = new Uint8Array(build());
    expect([...readBatch(bytes)].map(({ value }) => value?.toString())).toEqual(['v0', 'v1']);
  });

  it('goes on where a loop stopped, and ends once', () => {
    const reader = readBatch(build());
    for (const record of reader) {
      expect(record.offset).toBe(0);
      break;
    }
    expect(reader.readNext()?.offset).toBe(1);
    expect(reader.readNext()).toBe(undefined);
    expect(reader.next()).toEqual({ done: true, value: undefined });
  });

  it('checks the CRC unless told not to', () => {
    const bytes = build();
    bytes[bytes.length - 2]! ^= 1;
    expect(() => readBatch(bytes)).toThrow(corrupt);
    expect(readBatch(bytes, 0, { checkCrc: false }).count).toBe(2);
  });

  it.each([
    ['a length beyond the batch', withRecords('0e000000010100'.padEnd(14, '0'))],
    ['a negative length', withRecords('01000000010100')],
    ['a length of 2³¹−1', withRecords('feffffff0f0000000101')],
    ['a record shorter than a record', withRecords('0a000000010100')],
    ['a record longer than its content', withRecords('0e00000001010000')],
    ['a key beyond its record', withRecords('0c00000008010000')],
    ['a key length of −2', withRecords('0c000000030100')],
    ['a value of 2³¹−1 bytes', withRecords('1600000001feffffff0f000000')],
    ['a varint that does not end', withRecords('1400ffffffffffffffffff00')],
    ['negative headers', withRecords('0c000000010101')],
    ['more headers than bytes', withRecords('0c000000010110')],
    ['a header without a key', withRecords('1000000001010201010000')],
    ['a header value beyond its record', withRecords('100000000101020008')],
    ['an offset above the last', withRecords('0c000002010100')],
    ['an offset twice', withRecords('0c0000000101000c000000010100', 2)],
    ['a negative offset', withRecords('0c000001010100')],
    ['fewer records than counted', withRecords('0e00000001010000', 2)],
    ['more bytes than records', withRecords('0c0000000101000c000000010100', 1, 1)],
    ['more records than fit', withRecords('0c000000010100', 10 ** 9)],
    ['a negative count', withRecords('0c000000010100', -1, 0)],
    ['a timestamp beyond 2⁵³', withRecords('1a00feffffffffffff1f00010100')],
  ])('refuses %s', (name, bytes) => {
    if (name.startsWith('a timestamp')) {
      writeInt64(bytes, 27, Number.MAX_SAFE_INTEGER);
      renewCrc(bytes, 0);
    }
    expect(() => drain(bytes)).toThrow(corrupt);
  });

  it('accepts the smallest record', () => {
    const [record] = readBatch(withRecords('0c000000010100'));
    expect([record!.key, record!.value, record!.headers]).toEqual([null, null, []]);
  });

  it('holds to the limit when decompressing', () => {
    const builder = new RecordBatchBuilder({ targetBytes: 1 << 20, maxBytes: 1 << 20 });
    builder.append(0, null, Buffer.alloc(100_000));
    const bytes = builder.build({ compression: 'gzip' });
    expect(() => readBatch(bytes, 0, { maxDecompressedBytes: 100_000 })).toThrow(
      expect.objectContaining({ reason: 'DECOMPRESSION_LIMIT_EXCEEDED', facts: { codec: 'gzip', limit: '100000' } }),
    );
    expect(readBatch(bytes, 0, { maxDecompressedBytes: 101_000 }).readNext()?.valueLength).toBe(100_000);
  });
});

describe('control records', () => {
  it('may be of a type that is no transaction marker', () => {
    const batch = buildControlBatch(SHARD_EPOCH_CONTROL_TYPE, Buffer.from([1, 2, 3]), { timestamp: 5 });
    const reader = readBatch(batch);
    const record = reader.readNext()!;
    expect([reader.isControl, reader.isTransactional, controlTypeOf(record)]).toEqual([true, false, SHARD_EPOCH_CONTROL_TYPE]);
    expect(transactionMarkerOf(record)).toBe(undefined);
    expect([...record.value!]).toEqual([1, 2, 3]);
  });

  it('are refused when malformed', () => {
    const [short] = readBatch(buildControlBatch(ABORT_CONTROL_TYPE, Buffer.alloc(5), { timestamp: 5 }));
    expect(() => transactionMarkerOf(short!)).toThrow(corrupt);
    const [plain] = readBatch(build());
    expect(() => controlTypeOf(plain!)).toThrow(corrupt);
  });
});
