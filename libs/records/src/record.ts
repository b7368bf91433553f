import type { Offset } from '@moldau/kernel';

import { ByteCursor } from './byte-cursor.ts';
import { corruptBatch } from './corrupt-batch.ts';

/** A name and a value beside a record's own. Names may repeat; their order is kept. */
export interface RecordHeader {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** A header of a decoded record: its value is a view. */
export interface DecodedHeader extends RecordHeader {
  readonly value: Buffer | null;
}

export const NO_HEADERS: readonly DecodedHeader[] = Object.freeze([]);

/** Length of a null key or value. */
const NULL_LENGTH = -1;

/**
 * One record of a decoded batch. It holds positions only: `key`, `value` and `headers` make new views on each call, of
 * the batch's memory (or of what it was decompressed to), which they keep alive; copy what is kept for long.
 *
 *   record: length varint, attributes int8, timestampDelta varlong, offsetDelta varint, keyLength varint, key,
 *           valueLength varint, value, header count varint, then per header: keyLength varint, key, valueLength varint, value
 */
export class DecodedRecord {
  readonly offset: Offset;
  /** Milliseconds since the Unix epoch; −1 for none. */
  readonly timestamp: number;
  readonly #bytes: Buffer;
  readonly #keyAt: number;
  readonly #keyLength: number;
  readonly #valueAt: number;
  readonly #valueLength: number;
  readonly #headersAt: number;
  readonly #headersEnd: number;

  /** Parses what follows the record's offset delta; the cursor's `end` is the record's. */
  constructor(offset: Offset, timestamp: number, cursor: ByteCursor) {
    this.offset = offset;
    this.timestamp = timestamp;
    this.#bytes = cursor.bytes;
    this.#keyLength = nullableLength(cursor);
    this.#keyAt = cursor.position;
    if (this.#keyLength > 0) cursor.position += this.#keyLength;
    this.#valueLength = nullableLength(cursor);
    this.#valueAt = cursor.position;
    if (this.#valueLength > 0) cursor.position += this.#valueLength;
    this.#headersAt = cursor.position;
    this.#headersEnd = cursor.end;
    const count = cursor.varint();
    if (count !== 0) skipHeaders(cursor, count);
  }

  get key(): Buffer | null {
    return this.#keyLength === NULL_LENGTH ? null : this.#bytes.subarray(this.#keyAt, this.#keyAt + this.#keyLength);
  }

  get value(): Buffer | null {
    return this.#valueLength === NULL_LENGTH ? null : this.#bytes.subarray(this.#valueAt, this.#valueAt + this.#valueLength);
  }

  /** −1 for a null key. */
  get keyLength(): number {
    return this.#keyLength;
  }

  /** −1 for a null value. */
  get valueLength(): number {
    return this.#valueLength;
  }

  get headers(): readonly DecodedHeader[] {
    const cursor = new ByteCursor(this.#bytes, this.#headersAt, this.#headersEnd);
    const count = cursor.varint();
    if (count === 0) return NO_HEADERS;
    const headers: DecodedHeader[] = [];
    for (let index = 0; index < count; index++) {
      const key = take(cursor, cursor.varint());
      const valueLength = cursor.varint();
      headers.push({ key: key.toString('utf8'), value: valueLength === NULL_LENGTH ? null : take(cursor, valueLength) });
    }
    return headers;
  }
}

function take(cursor: ByteCursor, length: number): Buffer {
  const from = cursor.position;
  cursor.position = from + length;
  return cursor.bytes.subarray(from, from + length);
}

/** A length that fits before the cursor's end, or −1. */
function nullableLength(cursor: ByteCursor): number {
  const length = cursor.varint();
  if (length < NULL_LENGTH || length > cursor.end - cursor.position) throw badLength(cursor, length);
  return length;
}

/** Walks the headers, so that reading them later can't fail. */
function skipHeaders(cursor: ByteCursor, count: number): void {
  // A header takes two bytes at least.
  if (count < 0 || count > (cursor.end - cursor.position) / 2) throw badLength(cursor, count);
  for (let index = 0; index < count; index++) {
    const keyLength = nullableLength(cursor);
    if (keyLength === NULL_LENGTH) throw corruptBatch('has a header without a key', { position: String(cursor.position) });
    cursor.position += keyLength;
    const valueLength = nullableLength(cursor);
    if (valueLength > 0) cursor.position += valueLength;
  }
}

function badLength(cursor: ByteCursor, length: number): Error {
  const facts = { value: String(length), limit: String(cursor.end - cursor.position), position: String(cursor.position) };
  return corruptBatch(`has a record with the impossible length ${length}`, facts);
}
