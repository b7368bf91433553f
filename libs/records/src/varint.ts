/**
 * Zigzag varints as Kafka's records have them: seven bits a byte, lowest first, the top bit says that more follow.
 *
 *   varint   int32, 1–5 bytes          varlong   int64, 1–10 bytes; here a safe integer, so at most 8 written
 */

export const VARINT_BYTES_MAX = 5;
export const VARLONG_BYTES_MAX = 10;

/** Below this magnitude a zigzagged number fits 31 bits, and plain integer arithmetic does. */
const SMALL_LIMIT = 0x4000_0000;
const TWO_POW_27 = 0x800_0000;
const LOW_27_BITS = TWO_POW_27 - 1;

/** Bytes that `value`, an int32, takes as a varint. */
export function varintSize(value: number): number {
  return unsignedSize(((value << 1) ^ (value >> 31)) >>> 0);
}

/** Bytes that `value`, a safe integer, takes as a varlong. */
export function varlongSize(value: number): number {
  if (value >= -SMALL_LIMIT && value < SMALL_LIMIT) return unsignedSize(((value << 1) ^ (value >> 31)) >>> 0);
  const magnitude = value < 0 ? -(value + 1) : value;
  return 4 + unsignedSize(Math.floor(magnitude / TWO_POW_27));
}

function unsignedSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}

/** Writes an int32 at `position`; returns the position after it. The caller has made room. */
export function writeVarint(bytes: Uint8Array, position: number, value: number): number {
  return writeUnsigned(bytes, position, ((value << 1) ^ (value >> 31)) >>> 0);
}

/** Writes a safe integer at `position`; returns the position after it. The caller has made room. */
export function writeVarlong(bytes: Uint8Array, position: number, value: number): number {
  if (value >= -SMALL_LIMIT && value < SMALL_LIMIT) return writeUnsigned(bytes, position, ((value << 1) ^ (value >> 31)) >>> 0);
  const sign = value < 0 ? 1 : 0;
  const magnitude = sign === 1 ? -(value + 1) : value;
  const high = Math.floor(magnitude / TWO_POW_27);
  const low = ((magnitude % TWO_POW_27) << 1) | sign;
  bytes[position] = low | 0x80;
  bytes[position + 1] = (low >>> 7) | 0x80;
  bytes[position + 2] = (low >>> 14) | 0x80;
  bytes[position + 3] = (low >>> 21) | 0x80;
  return writeUnsigned(bytes, position + 4, high);
}

function writeUnsigned(bytes: Uint8Array, position: number, value: number): number {
  let at = position;
  let rest = value;
  while (rest > 0x7f) {
    bytes[at++] = rest | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

/** The number whose zigzag form is `low` (its lowest 28 bits) and `high` (the bits above). May exceed the safe integers. */
export function unzigzag(low: number, high: number): number {
  const magnitude = high * TWO_POW_27 + ((low >>> 1) & LOW_27_BITS);
  return (low & 1) === 0 ? magnitude : -magnitude - 1;
}
