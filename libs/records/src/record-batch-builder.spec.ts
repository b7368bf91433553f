import type { Compute } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { BatchBufferPool } from './batch-buffer-pool.ts';
import { readBatchHeader } from './batch-header.ts';
import { compress, decompress } from './compression/codecs.ts';
import { RecordBatchBuilder } from './record-batch-builder.ts';
import { readBatch, readBatchWith } from './record-batch-reader.ts';

const LIMITS = { targetBytes: 1000, maxBytes: 5000 };
const HEADERS = [{ key: 'ž', value: Buffer.from('x') }];

const compute: Compute = {
  compress: async (codec, bytes) => compress(codec, bytes),
  decompress: async (codec, bytes, maxBytes) => decompress(codec, bytes, maxBytes),
};

const values = (batch: Uint8Array): (string | undefined)[] => [...readBatch(batch)].map(({ value }) => value?.toString());

describe('RecordBatchBuilder', () => {
  it('knows its exact size before and after each record', () => {
    const builder = new RecordBatchBuilder({ targetBytes: 1 << 20, maxBytes: 1 << 20 });
    expect(builder.sizeInBytes).toBe(61);
    for (let index = 0; index < 200; index++) {
      const value = index % 5 === 0 ? null : Buffer.alloc(index * 3);
      const headers = index % 7 === 0 ? HEADERS : [];
      const expected = builder.sizeWith(5000 + index * 1000, null, value, headers);
      builder.append(5000 + index * 1000, null, value, headers);
      expect(builder.sizeInBytes).toBe(expected);
    }
    const size = builder.sizeInBytes;
    expect(builder.build().length).toBe(size);
  });

  it('takes records up to its target and says so beforehand', () => {
    const builder = new RecordBatchBuilder(LIMITS);
    const value = Buffer.alloc(100);
    let count = 0;
    for (;;) {
      const exceeds = builder.wouldExceed(0, null, value);
      if (!builder.append(0, null, value)) {
        expect(exceeds).toBe(true);
        break;
      }
      expect(exceeds).toBe(false);
      count += 1;
    }
    expect(builder.count).toBe(count);
    expect(builder.sizeInBytes).toBeLessThanOrEqual(1000);
    expect(builder.sizeWith(0, null, value)).toBeGreaterThan(1000);
  });

  it('takes a first record above the target, up to the maximum', () => {
    const builder = new RecordBatchBuilder(LIMITS);
    expect(builder.append(0, null, Buffer.alloc(4900))).toBe(true);
    expect(builder.append(0, null, null)).toBe(false);
    expect(readBatch(builder.build()).count).toBe(1);
    expect(() => builder.append(0, null, Buffer.alloc(5000))).toThrow(
      expect.objectContaining({ reason: 'RECORD_TOO_LARGE', facts: { value: '5070', limit: '5000' } }),
    );
    expect(builder.count).toBe(0);
  });

  it('begins a new batch after each build, and leaves the built one alone', () => {
    const builder = new RecordBatchBuilder(LIMITS);
    builder.append(7, null, Buffer.from('one'));
    const first = builder.build();
    builder.append(9, null, Buffer.from('two'));
    const second = builder.build();
    expect([values(first), values(second)]).toEqual([['one'], ['two']]);
    expect(readBatchHeader(second).baseTimestamp).toBe(9);
  });

  it('copies what it is given', () => {
    const builder = new RecordBatchBuilder(LIMITS);
    const value = new Uint8Array([65, 66]);
    builder.append(0, value, value);
    value.fill(0);
    expect(values(builder.build())).toEqual(['AB']);
  });

  it('builds an empty batch', () => {
    const batch = new RecordBatchBuilder(LIMITS).build();
    expect(batch.length).toBe(61);
    expect([...readBatchFields(batch)]).toEqual([0, -1, -1]);
  });

  it('keeps offsets with gaps', () => {
    const builder = new RecordBatchBuilder(LIMITS);
    builder.appendAt(3, 0, null, null);
    builder.appendAt(9, 0, null, null);
    expect(() => builder.appendAt(9, 0, null, null)).toThrow('offsets in a batch rise');
    const batch = builder.build({ baseOffset: 100, lastOffsetDelta: 12 });
    const reader = readBatch(batch);
    expect([...reader].map(({ offset }) => offset)).toEqual([103, 109]);
    expect(reader.lastOffset).toBe(112);
  });

  it.each([1.5, Number.NaN, 2 ** 53, -2])('takes %d for a bug of the caller, not for a timestamp', (timestamp) => {
    expect(() => new RecordBatchBuilder(LIMITS).append(timestamp, null, null)).toThrow('a timestamp is a safe integer');
  });

  it('knows the largest timestamp', () => {
    const builder = new RecordBatchBuilder(LIMITS);
    expect(builder.maxTimestamp).toBe(undefined);
    for (const timestamp of [50, 70, 60]) builder.append(timestamp, null, null);
    expect(builder.maxTimestamp).toBe(70);
    expect(readBatchHeader(builder.build())).toMatchObject({ baseTimestamp: 50, maxTimestamp: 70 });
  });

  it('compresses through the compute port, and is free meanwhile', async () => {
    const builder = new RecordBatchBuilder(LIMITS);
    builder.append(0, null, Buffer.alloc(500, 'moldau '));
    const building = builder.buildWith(compute, { compression: 'zstd' });
    expect(builder.count).toBe(0);
    builder.append(0, null, Buffer.from('next'));
    const batch = await building;
    expect(batch.length).toBeLessThan(200);
    const reader = await readBatchWith(compute, batch);
    expect(reader.readNext()?.valueLength).toBe(500);
    expect(values(builder.build())).toEqual(['next']);
  });
});

function readBatchFields(batch: Uint8Array): number[] {
  const { count, lastOffsetDelta, maxTimestamp } = readBatchHeader(batch);
  return [count, lastOffsetDelta, maxTimestamp];
}

describe('BatchBufferPool', () => {
  it('gives a returned buffer out again, and keeps no more than its bound', () => {
    const pool = new BatchBufferPool(1000, 1);
    const builder = new RecordBatchBuilder(LIMITS, pool);
    builder.append(0, null, Buffer.from('a'));
    const first = builder.build();
    const { buffer } = first;
    pool.give(first);
    pool.give(Buffer.allocUnsafeSlow(1000));
    builder.append(0, null, Buffer.from('b'));
    const second = builder.build();
    expect(second.buffer).toBe(buffer);
    expect(pool.take(10).buffer).not.toBe(buffer);
  });

  it('gives more than its size when needed, and does not keep that', () => {
    const pool = new BatchBufferPool(1000, 4);
    const large = pool.take(2000);
    expect(large.length).toBe(2000);
    pool.give(large);
    expect(pool.take(10).length).toBe(1000);
  });
});
