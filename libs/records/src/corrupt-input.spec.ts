import { COMPRESSION_NAMES, MoldauError } from '@moldau/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchesIn } from './batches-in.ts';
import { compress, decompress } from './compression/codecs.ts';
import { renewCrc } from './patch-batch.ts';
import { RecordBatchBuilder } from './record-batch-builder.ts';
import { readBatch } from './record-batch-reader.ts';
import { validateBatch } from './validate-batch.ts';

/** Whatever the input, nothing but a MoldauError may come out, and no more than this from decompression. */
const LIMIT_BYTES = 100_000;
const RUNS = 2000;

const codecs = COMPRESSION_NAMES.filter((name) => name !== 'none');

function build(compression: (typeof COMPRESSION_NAMES)[number]): Buffer {
  const builder = new RecordBatchBuilder({ targetBytes: 1 << 20, maxBytes: 1 << 20 });
  for (let index = 0; index < 8; index++) {
    const key = index === 2 ? null : Buffer.from(`key ${index}`);
    const value = index === 3 ? null : Buffer.from('to be or not to be, that is the question '.repeat(index));
    builder.append(1_700_000_000_000 + index * 50, key, value, index === 4 ? [{ key: 'trace', value: Buffer.from('1') }] : []);
  }
  return builder.build({ compression, producerId: 4, producerEpoch: 1, baseSequence: 9 });
}

/** Runs everything that reads on the bytes; false when they were refused. */
function survives(bytes: Uint8Array): boolean {
  const refusals = [
    () => validateBatch(bytes, 0, { origin: 'log', maxBytes: 1 << 20 }),
    () => [...batchesIn(bytes)],
    () => {
      for (const { key, value, headers } of readBatch(bytes, 0, { checkCrc: false, maxDecompressedBytes: LIMIT_BYTES })) {
        if ((key?.length ?? 0) + (value?.length ?? 0) + headers.length > LIMIT_BYTES) throw new Error('out of bounds');
      }
    },
  ].filter(refuses);
  return refusals.length === 0;
}

function refuses(read: () => unknown): boolean {
  try {
    read();
    return false;
  } catch (caught) {
    if (caught instanceof MoldauError && caught.reason !== 'INTERNAL') return true;
    throw caught;
  }
}

describe.each(COMPRESSION_NAMES)('a batch compressed with %s', (codec) => {
  const batch = build(codec);

  it('is refused when cut at any byte', () => {
    for (let length = 0; length < batch.length; length++) expect(survives(batch.subarray(0, length))).toBe(false);
  });

  it('never crashes a reader with a flipped bit, its CRC wrong or right', () => {
    for (let bit = 0; bit < batch.length * 8; bit++) {
      const flipped = Buffer.from(batch);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      survives(flipped);
      const inLength = bit >= 8 * 8 && bit < 12 * 8;
      if (!inLength) {
        renewCrc(flipped, 0);
        survives(flipped);
      }
    }
  });

  it('never crashes a reader with any bytes in place of its records', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(400), (noise, at) => {
        const bytes = Buffer.from(batch);
        bytes.set(noise.subarray(0, Math.max(0, bytes.length - 61 - at)), Math.min(bytes.length, 61 + at));
        survives(bytes);
      }),
      { numRuns: RUNS },
    );
  });
});

it('any bytes at all are refused as a batch', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
      survives(bytes);
    }),
    { numRuns: RUNS },
  );
});

describe.each(codecs)('decompression of %s', (codec) => {
  const packed = compress(codec, Buffer.from('to be or not to be, that is the question '.repeat(40)));

  it('of any bytes ends within the limit or with a MoldauError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(60), (noise, kept) => {
        const bytes = Buffer.concat([packed.subarray(0, kept), noise]);
        refuses(() => expect(decompress(codec, bytes, LIMIT_BYTES).length).toBeLessThanOrEqual(LIMIT_BYTES));
      }),
      { numRuns: RUNS },
    );
  });

  it('with a byte changed ends within the limit or with a MoldauError', () => {
    fc.assert(
      fc.property(fc.nat(packed.length - 1), fc.nat(255), (at, byte) => {
        const bytes = Buffer.from(packed);
        bytes[at] = byte;
        refuses(() => expect(decompress(codec, bytes, LIMIT_BYTES).length).toBeLessThanOrEqual(LIMIT_BYTES));
      }),
      { numRuns: RUNS },
    );
  });
});
