import type { RecordHeader } from './record.ts';
import { varintSize, varlongSize, writeVarint, writeVarlong } from './varint.ts';

/** Below this a loop is faster than a native copy. */
const COPY_NATIVE_FROM_BYTES = 40;
/** A null key or value: length −1. */
const NULL_BYTES = 1;
const NULL_LENGTH = -1;

/** Bytes of the record after its length field. */
export function recordBodySize(
  timestampDelta: number,
  offsetDelta: number,
  key: Uint8Array | null,
  value: Uint8Array | null,
  headers: readonly RecordHeader[],
): number {
  const fixed = 1 + varlongSize(timestampDelta) + varintSize(offsetDelta) + nullableSize(key) + nullableSize(value);
  return fixed + (headers.length === 0 ? 1 : headersSize(headers));
}

function nullableSize(bytes: Uint8Array | null): number {
  return bytes === null ? NULL_BYTES : varintSize(bytes.length) + bytes.length;
}

function headersSize(headers: readonly RecordHeader[]): number {
  let size = varintSize(headers.length);
  for (const { key, value } of headers) {
    const keyBytes = Buffer.byteLength(key, 'utf8');
    size += varintSize(keyBytes) + keyBytes + nullableSize(value);
  }
  return size;
}

/** Writes a whole record with the body size that `recordBodySize` gave; returns the position after it. The caller has made room. */
export function writeRecord(
  target: Buffer,
  position: number,
  bodySize: number,
  timestampDelta: number,
  offsetDelta: number,
  key: Uint8Array | null,
  value: Uint8Array | null,
  headers: readonly RecordHeader[],
): number {
  let at = writeVarint(target, position, bodySize);
  target[at++] = 0;
  at = writeVarlong(target, at, timestampDelta);
  at = writeVarint(target, at, offsetDelta);
  at = writeNullable(target, at, key);
  at = writeNullable(target, at, value);
  if (headers.length === 0) {
    target[at++] = 0;
    return at;
  }
  return writeHeaders(target, at, headers);
}

function writeNullable(target: Buffer, position: number, bytes: Uint8Array | null): number {
  if (bytes === null) return writeVarint(target, position, NULL_LENGTH);
  const length = bytes.length;
  const at = writeVarint(target, position, length);
  if (length < COPY_NATIVE_FROM_BYTES) {
    for (let index = 0; index < length; index++) target[at + index] = bytes[index]!;
  } else {
    target.set(bytes, at);
  }
  return at + length;
}

function writeHeaders(target: Buffer, position: number, headers: readonly RecordHeader[]): number {
  let at = writeVarint(target, position, headers.length);
  for (const { key, value } of headers) {
    const keyBytes = Buffer.byteLength(key, 'utf8');
    at = writeVarint(target, at, keyBytes);
    at += target.write(key, at, keyBytes, 'utf8');
    at = writeNullable(target, at, value);
  }
  return at;
}
