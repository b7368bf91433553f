import { crc32 } from 'node:zlib';
import type { StoreEvent } from '@moldau/cluster';
import type { StagedChange } from '@moldau/cluster/memory';
import { ByteReader, type ByteWriter } from './byte-cursor.ts';

/**
 * A log file is a header and records:
 *
 *     file    = "MOLDAULG" version:u8 record*
 *     record  = magic:u32 length:u32 crc:u32 payload          (big endian; crc = CRC-32 of the payload)
 *     payload = roundStart:varint revision:varint count:varint event{count}
 *     event   = 0 key:text                                    delete
 *             | 1 key:text createRevision:varint value:bytes  put
 *             | 2 …                                           put on a lease
 *
 * `roundStart` is the position in this file up to which everything was synced when the record was written. So a record proves
 * that all before its `roundStart` was durable: damage there is bit-rot, and damage behind it may be a torn write.
 * Revision 0 without events is a mark: it proves the rounds before it when the store is closed.
 */
export const LOG_MAGIC = Uint8Array.from([...'MOLDAULG'].map((letter) => letter.charCodeAt(0)).concat(1));
const RECORD_MAGIC = 0x4d4c5231;
const RECORD_HEADER_BYTES = 12;
/** Round start, revision and count take a byte each at least; and the CRC of no bytes is 0, which a torn write may leave. */
const PAYLOAD_BYTES_MIN = 3;
/** More than any transaction encodes to (TRANSACTION_BYTES_MAX, and deletions of a prefix), to refuse a damaged length early. */
const RECORD_BYTES_MAX = 256 * 1024 * 1024;
export const MARK_REVISION = 0;

const KIND_DELETE = 0;
const KIND_PUT = 1;
const KIND_PUT_LEASED = 2;

export interface LogRecord {
  readonly roundStart: number;
  readonly revision: number;
  readonly events: readonly StoreEvent[];
  readonly leasedKeys: readonly string[];
}

/** The record's bytes, header and payload. */
export function encodeRecord(
  writer: ByteWriter,
  roundStart: number,
  change: Pick<StagedChange, 'revision' | 'events' | 'leases'>,
): readonly Uint8Array[] {
  writer.varint(roundStart);
  writer.varint(change.revision);
  writer.varint(change.events.length);
  for (const event of change.events) {
    const leased = change.leases.has(event.key);
    writer.byte(event.kind === 'delete' ? KIND_DELETE : leased ? KIND_PUT_LEASED : KIND_PUT);
    writer.text(event.key);
    if (event.kind === 'delete') continue;
    writer.varint(event.createRevision);
    writer.bytes(event.value);
  }
  const payload = writer.take();
  const header = new Uint8Array(RECORD_HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, RECORD_MAGIC);
  view.setUint32(4, payload.length);
  view.setUint32(8, crc32(payload));
  return [header, payload];
}

/** The record at `position` and where it ends; undefined when the bytes there are no whole, sound record. */
export function decodeRecord(bytes: Uint8Array, position: number): { readonly record: LogRecord; readonly end: number } | undefined {
  if (bytes.length - position < RECORD_HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + position);
  const length = view.getUint32(4);
  const start = position + RECORD_HEADER_BYTES;
  if (view.getUint32(0) !== RECORD_MAGIC || length < PAYLOAD_BYTES_MIN || length > RECORD_BYTES_MAX || length > bytes.length - start)
    return undefined;
  const payload = bytes.subarray(start, start + length);
  if (crc32(payload) !== view.getUint32(8)) return undefined;
  return { record: decodePayload(payload), end: start + length };
}

/** Whether a sound record behind `position` proves that the bytes at `position` had been synced. */
export function provenDurable(bytes: Uint8Array, position: number): boolean {
  for (let at = position + 1; at + RECORD_HEADER_BYTES <= bytes.length; at += 1) {
    if (bytes[at] !== RECORD_MAGIC >>> 24) continue;
    const found = decodeRecord(bytes, at);
    if (found !== undefined && found.record.roundStart > position) return true;
  }
  return false;
}

function decodePayload(payload: Uint8Array): LogRecord {
  const reader = new ByteReader(payload);
  const roundStart = reader.varint();
  const revision = reader.varint();
  const count = reader.varint();
  const events: StoreEvent[] = [];
  const leasedKeys: string[] = [];
  for (let i = 0; i < count; i += 1) {
    const kind = reader.byte();
    const key = reader.text();
    if (kind === KIND_DELETE) {
      events.push({ kind: 'delete', key, modRevision: revision });
      continue;
    }
    if (kind === KIND_PUT_LEASED) leasedKeys.push(key);
    const createRevision = reader.varint();
    events.push({ kind: 'put', key, value: reader.bytes(), createRevision, modRevision: revision });
  }
  return { roundStart, revision, events, leasedKeys };
}
