import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sha256 } from './sha-256.ts';

const hex = (input: Uint8Array): string => [...sha256(input)].map((word) => word.toString(16).padStart(8, '0')).join('');

describe('SHA-256', () => {
  it('gives the digests of FIPS 180-4', () => {
    expect(hex(Buffer.from('abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(hex(Buffer.from('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'))).toBe(
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    );
  });

  it('agrees with the platform at every length around a block', () => {
    for (let length = 0; length <= 260; length += 1) {
      const input = Uint8Array.from({ length }, (_, at) => (at * 31 + length) & 0xff);
      expect(hex(input)).toBe(createHash('sha256').update(input).digest('hex'));
    }
  });
});
