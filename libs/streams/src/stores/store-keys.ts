import { readInteger, writeInteger } from '../serdes/integer-serde.ts';

const TIME_BYTES = 8;

/** Key of a window in bytes: `key, startMs int64`. */
export function encodeWindowKey(key: Uint8Array, startMs: number): Uint8Array {
  const target = Buffer.allocUnsafe(key.length + TIME_BYTES);
  target.set(key);
  writeInteger(target, startMs, key.length);
  return target;
}

export function decodeWindowKey(bytes: Uint8Array): { readonly key: Uint8Array; readonly startMs: number } {
  const end = keyEnd(bytes, TIME_BYTES);
  return { key: bytes.subarray(0, end), startMs: readInteger(bytes, end) };
}

/** Key of a session in bytes: `key, startMs int64, endMs int64`. */
export function encodeSessionKey(key: Uint8Array, startMs: number, endMs: number): Uint8Array {
  const target = Buffer.allocUnsafe(key.length + 2 * TIME_BYTES);
  target.set(key);
  writeInteger(target, startMs, key.length);
  writeInteger(target, endMs, key.length + TIME_BYTES);
  return target;
}

export function decodeSessionKey(bytes: Uint8Array): { readonly key: Uint8Array; readonly startMs: number; readonly endMs: number } {
  const end = keyEnd(bytes, 2 * TIME_BYTES);
  return { key: bytes.subarray(0, end), startMs: readInteger(bytes, end), endMs: readInteger(bytes, end + TIME_BYTES) };
}

function keyEnd(bytes: Uint8Array, suffixBytes: number): number {
  const end = bytes.length - suffixBytes;
  if (end < 0) throw new RangeError(`a key with times has at least ${suffixBytes} bytes, this has ${bytes.length}`);
  return end;
}
