import { COMPRESSION_NAMES } from '@moldau/kernel';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RecordBatchBuilder } from './record-batch-builder.ts';
import { readBatch } from './record-batch-reader.ts';
import { validateBatch } from './validate-batch.ts';

const RUNS = 300;
const bytes = fc.option(fc.uint8Array({ maxLength: 300 }), { nil: null });
const header = fc.record({ key: fc.string({ unit: 'grapheme', maxLength: 20 }), value: bytes });
const timestamp = fc.oneof(fc.integer({ min: -1, max: 2 ** 31 }), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }));
const record = fc.record({ timestamp, key: bytes, value: bytes, headers: fc.array(header, { maxLength: 4 }) });
const fields = fc.record({
  compression: fc.constantFrom(...COMPRESSION_NAMES),
  baseOffset: fc.maxSafeInteger().map((value) => Math.floor(Math.abs(value) / 2)),
  partitionLeaderEpoch: fc.integer({ min: 0 }),
});
const producer = fc.option(
  fc.record({
    producerId: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    producerEpoch: fc.integer({ min: 0, max: 32_767 }),
    baseSequence: fc.integer({ min: 0 }),
    transactional: fc.boolean(),
  }),
  { nil: {} },
);

const hex = (value: Uint8Array | null): string | null => (value === null ? null : Buffer.from(value).toString('hex'));

it('any records come back from a batch of any codec as they were', () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 30 }), fields, producer, (records, batchFields, producerFields) => {
      const builder = new RecordBatchBuilder({ targetBytes: 1 << 20, maxBytes: 1 << 20 });
      for (const each of records) expect(builder.append(each.timestamp, each.key, each.value, each.headers)).toBe(true);
      const batch = builder.build({ ...batchFields, ...producerFields });
      expect(validateBatch(batch, 0, { origin: 'client', maxBytes: batch.length })).toBe(batch.length);
      const decoded = [...readBatch(batch)].map((each) => ({
        offset: each.offset,
        timestamp: each.timestamp,
        key: hex(each.key),
        value: hex(each.value),
        headers: each.headers.map(({ key, value }) => [key, hex(value)]),
      }));
      const expected = records.map((each, index) => ({
        offset: batchFields.baseOffset + index,
        timestamp: each.timestamp,
        key: hex(each.key),
        value: hex(each.value),
        headers: each.headers.map(({ key, value }) => [key, hex(value)]),
      }));
      expect(decoded).toEqual(expected);
    }),
    { numRuns: RUNS },
  );
});
