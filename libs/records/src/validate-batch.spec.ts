import { MoldauError } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import type { BatchFields } from './assemble-batch.ts';
import { buildTransactionMarker } from './control-record.ts';
import { writeInt16, writeInt32 } from './integers.ts';
import { renewCrc } from './patch-batch.ts';
import { RecordBatchBuilder } from './record-batch-builder.ts';
import { type BatchLimits, validateBatch } from './validate-batch.ts';

const LIMITS: BatchLimits = { origin: 'client', maxBytes: 1 << 20 };
const LOG: BatchLimits = { ...LIMITS, origin: 'log' };

function build(fields: BatchFields = {}, records = 3): Buffer {
  const builder = new RecordBatchBuilder({ targetBytes: 1 << 20, maxBytes: 1 << 20 });
  for (let index = 0; index < records; index++) builder.append(1000 + index, null, Buffer.from(`value ${index}`));
  return builder.build(fields);
}

/** The batch after `change`, its CRC right again. */
function changed(change: (bytes: Buffer) => void, fields: BatchFields = {}): Buffer {
  const bytes = build(fields);
  change(bytes);
  renewCrc(bytes, 0);
  return bytes;
}

function fault(bytes: Uint8Array, limits = LIMITS, position = 0): MoldauError {
  try {
    validateBatch(bytes, position, limits);
  } catch (caught) {
    if (caught instanceof MoldauError) return caught;
    throw caught;
  }
  throw new Error('the batch passed');
}

describe('validateBatch', () => {
  it('returns the size of a good batch, at any position', () => {
    const bytes = build();
    expect(validateBatch(bytes, 0, LIMITS)).toBe(bytes.length);
    expect(validateBatch(Buffer.concat([Buffer.alloc(9), bytes, Buffer.alloc(5)]), 9, LIMITS)).toBe(bytes.length);
  });

  it.each([-1, -0x8000_0000, 0, 48, 0x7fff_ffff])('refuses the length %d', (length) => {
    const bytes = build();
    writeInt32(bytes, 8, length);
    expect(fault(bytes)).toMatchObject({ reason: 'CORRUPT_BATCH', facts: { field: 'size' } });
  });

  it('refuses every truncation', () => {
    const bytes = build();
    for (let length = 0; length < bytes.length; length++) expect(fault(bytes.subarray(0, length)).reason).toBe('CORRUPT_BATCH');
  });

  it('refuses every flipped bit that the CRC covers', () => {
    const bytes = build();
    for (let bit = 17 * 8; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(fault(flipped).reason).toBe('CORRUPT_BATCH');
    }
  });

  it('refuses a batch above the limit, naming both sizes', () => {
    const bytes = build();
    const facts = { value: String(bytes.length), limit: '64', position: '0' };
    expect(fault(bytes, { ...LIMITS, maxBytes: 64 })).toMatchObject({ reason: 'RECORD_TOO_LARGE', facts });
  });

  it.each([5, 6, 7])('refuses the codec %d', (codec) => {
    const bytes = changed((batch) => writeInt16(batch, 21, codec));
    expect(fault(bytes)).toMatchObject({
      reason: 'UNSUPPORTED_COMPRESSION',
      facts: { field: 'codec', value: String(codec), limit: '0–4' },
    });
  });

  it.each([
    ['magic', 16, (batch: Buffer) => batch.writeInt8(1, 16)],
    ['count', 57, (batch: Buffer) => writeInt32(batch, 57, 2)],
    ['count', 57, (batch: Buffer) => writeInt32(batch, 57, -1)],
    ['lastOffsetDelta', 23, (batch: Buffer) => writeInt32(batch, 23, -1)],
    ['count', 23, (batch: Buffer) => writeInt32(batch, 23, 0x7fff_ffff)],
    ['producerEpoch', 51, (batch: Buffer) => writeInt16(batch, 51, 0)],
    ['baseSequence', 53, (batch: Buffer) => writeInt32(batch, 53, 0)],
    ['producerId', 43, (batch: Buffer) => batch.writeBigInt64BE(-2n, 43)],
    ['producerId', 21, (batch: Buffer) => writeInt16(batch, 21, 0x10)],
    ['attributes', 21, (batch: Buffer) => writeInt16(batch, 21, 0x20)],
    ['attributes', 21, (batch: Buffer) => writeInt16(batch, 21, 0x08)],
    ['attributes', 21, (batch: Buffer) => writeInt16(batch, 21, 0x40)],
  ])("refuses a client's batch with a wrong %s (at byte %d)", (field, _, change) => {
    expect(fault(changed(change))).toMatchObject({ reason: 'CORRUPT_BATCH', facts: { field, position: '0' } });
  });

  it.each([10 ** 9, 0x7fff_fffe])('refuses %d records in a few bytes, compressed or not', (count) => {
    for (const compression of ['none', 'zstd'] as const) {
      const bytes = changed(
        (batch) => {
          writeInt32(batch, 57, count);
          writeInt32(batch, 23, count - 1);
        },
        { compression },
      );
      expect(fault(bytes)).toMatchObject({ reason: 'CORRUPT_BATCH', facts: { field: 'count', value: String(count) } });
    }
  });

  it.each([27, 35, 43])('refuses an int64 beyond 2⁵³ at byte %d', (at) => {
    const bytes = changed((batch) => batch.writeBigInt64BE(2n ** 60n, at));
    expect(fault(bytes).reason).toBe('CORRUPT_BATCH');
  });

  it('wants producer id, epoch and sequence together', () => {
    const producer = { producerId: 7, producerEpoch: 0, baseSequence: 0 };
    expect(validateBatch(build(producer), 0, LIMITS)).toBeGreaterThan(0);
    expect(validateBatch(build({ ...producer, transactional: true }), 0, LIMITS)).toBeGreaterThan(0);
    expect(fault(build({ ...producer, baseSequence: -1 })).facts).toMatchObject({ field: 'baseSequence' });
    expect(fault(build({ ...producer, producerEpoch: -1 })).facts).toMatchObject({ field: 'producerEpoch' });
  });

  it('lets services write control batches and clients not', () => {
    const marker = buildTransactionMarker({ outcome: 'commit', coordinatorEpoch: 1 }, { timestamp: 1, producerId: 7, producerEpoch: 0 });
    expect(fault(marker).facts).toMatchObject({ field: 'attributes' });
    expect(validateBatch(marker, 0, { ...LIMITS, origin: 'service' })).toBe(marker.length);
    expect(validateBatch(marker, 0, LOG)).toBe(marker.length);
  });

  it('takes a batch that compaction thinned or emptied from a log only', () => {
    for (const records of [0, 3]) {
      const bytes = build({ lastOffsetDelta: 9 }, records);
      expect(validateBatch(bytes, 0, LOG)).toBe(bytes.length);
      expect(fault(bytes).facts).toMatchObject({ field: 'count', limit: '10' });
    }
    expect(fault(build({ lastOffsetDelta: 1 }), LOG).facts).toMatchObject({ field: 'count' });
  });

  it('wants a base offset in a log', () => {
    const bytes = build();
    bytes.writeBigInt64BE(-1n, 0);
    expect(validateBatch(bytes, 0, LIMITS)).toBe(bytes.length);
    expect(fault(bytes, LOG)).toMatchObject({ reason: 'CORRUPT_BATCH', facts: { field: 'baseOffset' } });
  });
});
