import type { Random } from '@moldau/kernel';

const BYTES = 16;
const BYTE_VALUES = 256;

/** A random UUID, version 4 (RFC 9562 5.4), in lower case: one for each life of a member. */
export function newMemberId(random: Random): string {
  const bytes = Buffer.from(Array.from({ length: BYTES }, () => random.below(BYTE_VALUES)));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
