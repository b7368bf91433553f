import fc from 'fast-check';
import { decompressFrameSync } from 'lz4-napi';
import { describe, expect, it } from 'vitest';
import { compress, decompress } from './codecs.ts';
import { lz4BlockSize } from './lz4-decode-block.ts';
import { Lz4BlockEncoder, lz4BlockBound } from './lz4-encode-block.ts';

const RUNS = 500;
const phrase = fc.oneof(fc.constantFrom('abcd', 'to be or not to be, ', '0'.repeat(40)), fc.string({ unit: 'binary', maxLength: 30 }));
const compressible = fc.tuple(fc.array(phrase, { maxLength: 150 }), fc.integer({ min: 1, max: 60 }));

function noise(length: number): Buffer {
  let state = 12_345;
  return Buffer.from(
    Array.from({ length }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      return state >> 16;
    }),
  );
}

describe('lz4 compression', () => {
  it('is read back by another implementation, and by ours', () => {
    fc.assert(
      fc.property(compressible, ([phrases, times]) => {
        const bytes = Buffer.from(phrases.join('').repeat(times));
        const packed = Buffer.from(compress('lz4', bytes));
        expect(decompressFrameSync(packed).equals(bytes)).toBe(true);
        expect(Buffer.from(decompress('lz4', packed, bytes.length)).equals(bytes)).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  it.each([1, 4, 5, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 65_535, 65_536, 65_537, 131_072, 200_000])(
    'holds at the edges: %d bytes',
    (length) => {
      for (const bytes of [Buffer.alloc(length), noise(length), Buffer.alloc(length, 'abcdefg')]) {
        const packed = Buffer.from(compress('lz4', bytes));
        expect(decompressFrameSync(packed).equals(bytes)).toBe(true);
        expect(packed.length).toBeLessThanOrEqual(length + 15 + 4 * Math.ceil(length / 65_536));
      }
    },
  );

  it('never passes its bound, and keeps the ends that the format asks for', () => {
    for (const bytes of [noise(3000), Buffer.alloc(3000), Buffer.alloc(300, 'ab')]) {
      const output = Buffer.alloc(lz4BlockBound(bytes.length));
      const end = new Lz4BlockEncoder(bytes).encode(0, bytes.length, output, 0);
      expect(end).toBeLessThanOrEqual(output.length);
      expect(lz4BlockSize(output, 0, end)).toBe(bytes.length);
      expect(output.subarray(end - 5, end)).toEqual(bytes.subarray(-5));
    }
  });

  it('makes text smaller', () => {
    const text = Buffer.from(Array.from({ length: 3000 }, (_, id) => `{"id":${id},"name":"user-${id % 100}"}`).join(''));
    expect(compress('lz4', text).length).toBeLessThan(text.length / 3);
  });
});
