import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readInt16, readInt32, readInt64, readUint32, writeInt16, writeInt32, writeInt64 } from './integers.ts';

describe('integers', () => {
  it('are written and read as DataView does', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const bytes = new Uint8Array(9);
        const view = new DataView(bytes.buffer);
        writeInt64(bytes, 1, value);
        expect(view.getBigInt64(1)).toBe(BigInt(value));
        expect(readInt64(bytes, 1)).toBe(value === 0 ? 0 : value);
        writeInt32(bytes, 1, value);
        expect(readInt32(bytes, 1)).toBe(view.getInt32(1));
        expect(readUint32(bytes, 1)).toBe(view.getUint32(1));
        writeInt16(bytes, 1, value);
        expect(readInt16(bytes, 1)).toBe(view.getInt16(1));
      }),
    );
  });

  it('reads −1 and the safe extremes', () => {
    for (const value of [-1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64BE(BigInt(value));
      expect(readInt64(bytes, 0)).toBe(value);
    }
  });

  it.each(['0020000000000000', '7fffffffffffffff', '8000000000000000', 'ffdfffffffffffff'])('refuses 0x%s, beyond 2⁵³', (hex) => {
    expect(() => readInt64(Buffer.from(hex, 'hex'), 0)).toThrow(expect.objectContaining({ reason: 'CORRUPT_BATCH' }));
  });
});
