const PRIME_1 = 0x9e37_79b1 | 0;
const PRIME_2 = 0x85eb_ca77 | 0;
const PRIME_3 = 0xc2b2_ae3d | 0;
const PRIME_4 = 0x27d4_eb2f | 0;
const PRIME_5 = 0x1656_67b1 | 0;
const STRIPE_BYTES = 16;

/** XXH32 with seed 0 of `bytes[start, end)`, as LZ4's frame format uses it; an unsigned 32-bit integer. */
export function xxhash32(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  let at = start;
  let hash = PRIME_5;
  if (length >= STRIPE_BYTES) {
    const stripesEnd = end - (length % STRIPE_BYTES);
    hash = hashStripes(bytes, start, stripesEnd);
    at = stripesEnd;
  }
  hash = (hash + length) | 0;
  for (; at + 4 <= end; at += 4) {
    hash = Math.imul(rotate(hash + Math.imul(readWord(bytes, at), PRIME_3), 17), PRIME_4);
  }
  for (; at < end; at++) {
    hash = Math.imul(rotate(hash + Math.imul(bytes[at]!, PRIME_5), 11), PRIME_1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function hashStripes(bytes: Uint8Array, start: number, end: number): number {
  let a = (PRIME_1 + PRIME_2) | 0;
  let b = PRIME_2;
  let c = 0;
  let d = -PRIME_1 | 0;
  for (let at = start; at < end; at += STRIPE_BYTES) {
    a = round(a, readWord(bytes, at));
    b = round(b, readWord(bytes, at + 4));
    c = round(c, readWord(bytes, at + 8));
    d = round(d, readWord(bytes, at + 12));
  }
  return (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) | 0;
}

function round(lane: number, word: number): number {
  return Math.imul(rotate(lane + Math.imul(word, PRIME_2), 13), PRIME_1);
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function readWord(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
