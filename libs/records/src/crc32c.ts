import { crc32c as native } from '@node-rs/crc32';

/**
 * CRC-32C (Castagnoli) of `bytes` as an unsigned 32-bit integer. A view is read in place, not copied.
 * `initial` is the CRC of what came before, to go on from; 0 by default.
 */
export function crc32c(bytes: Uint8Array, initial = 0): number {
  return native(bytes, initial);
}
