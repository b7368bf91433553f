import { corruptBatch } from './corrupt-batch.ts';

/**
 * Big-endian integers on any Uint8Array, without a DataView per buffer. Positions are trusted: the caller has checked
 * that the bytes are there. An int64 is a safe integer here, as everywhere in Moldau.
 */

const TWO_POW_32 = 0x1_0000_0000;
/** High words of the safe integers: −2²¹ … 2²¹−1. */
const HIGH_WORD_LIMIT = 0x20_0000;

export function readInt16(bytes: Uint8Array, position: number): number {
  return ((bytes[position]! << 24) | (bytes[position + 1]! << 16)) >> 16;
}

export function readInt32(bytes: Uint8Array, position: number): number {
  return (bytes[position]! << 24) | (bytes[position + 1]! << 16) | (bytes[position + 2]! << 8) | bytes[position + 3]!;
}

export function readUint32(bytes: Uint8Array, position: number): number {
  return readInt32(bytes, position) >>> 0;
}

/** @throws MoldauError CORRUPT_BATCH when the value is not a safe integer */
export function readInt64(bytes: Uint8Array, position: number): number {
  const high = readInt32(bytes, position);
  if (high >= HIGH_WORD_LIMIT || high < -HIGH_WORD_LIMIT) {
    throw corruptBatch('holds a 64-bit number beyond ±2^53', { position: String(position), limit: String(Number.MAX_SAFE_INTEGER) });
  }
  return high * TWO_POW_32 + readUint32(bytes, position + 4);
}

export function writeInt16(bytes: Uint8Array, position: number, value: number): void {
  bytes[position] = value >> 8;
  bytes[position + 1] = value;
}

export function writeInt32(bytes: Uint8Array, position: number, value: number): void {
  bytes[position] = value >> 24;
  bytes[position + 1] = value >> 16;
  bytes[position + 2] = value >> 8;
  bytes[position + 3] = value;
}

export function writeInt64(bytes: Uint8Array, position: number, value: number): void {
  const high = Math.floor(value / TWO_POW_32);
  writeInt32(bytes, position, high);
  writeInt32(bytes, position + 4, (value - high * TWO_POW_32) | 0);
}
