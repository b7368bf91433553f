import type { Compute, Offset } from '@moldau/kernel';
import {
  BATCH_HEADER_BYTES,
  baseOffsetAt,
  baseTimestampAt,
  compressionAt,
  countAt,
  isControlAt,
  isTransactionalAt,
  lastOffsetDeltaAt,
  maxTimestampAt,
  producerEpochAt,
  producerIdAt,
  timestampTypeAt,
} from './batch-header.ts';
import { ByteCursor } from './byte-cursor.ts';
import { decompress } from './compression/codecs.ts';
import { corruptBatch } from './corrupt-batch.ts';
import { DecodedRecord } from './record.ts';
import { assertCrc, assertWholeBatch, DECOMPRESSED_BYTES_MAX_DEFAULT, RECORD_BYTES_MIN } from './validate-batch.ts';

export interface ReadOptions {
  /** Default true. Switch off only for bytes whose CRC was checked since they last left memory. */
  readonly checkCrc?: boolean;
  /** Default `DECOMPRESSED_BYTES_MAX_DEFAULT`. */
  readonly maxDecompressedBytes?: number;
}

/**
 * Opens the batch at `position`, decompressing on the calling thread.
 *
 * @throws MoldauError CORRUPT_BATCH, UNSUPPORTED_COMPRESSION, DECOMPRESSION_LIMIT_EXCEEDED
 */
export function readBatch(bytes: Uint8Array, position = 0, options: ReadOptions = {}): RecordBatchReader {
  const records = openRecords(bytes, position, options);
  const compression = compressionAt(bytes, position);
  const maxBytes = options.maxDecompressedBytes ?? DECOMPRESSED_BYTES_MAX_DEFAULT;
  return new RecordBatchReader(bytes, position, compression === 'none' ? records : decompress(compression, records, maxBytes));
}

/** As `readBatch`, with the decompression done by `compute`. `bytes` must not change until it settles. */
export async function readBatchWith(
  compute: Compute,
  bytes: Uint8Array,
  position = 0,
  options: ReadOptions = {},
): Promise<RecordBatchReader> {
  const records = openRecords(bytes, position, options);
  const compression = compressionAt(bytes, position);
  if (compression === 'none') return new RecordBatchReader(bytes, position, records);
  const maxBytes = options.maxDecompressedBytes ?? DECOMPRESSED_BYTES_MAX_DEFAULT;
  return new RecordBatchReader(bytes, position, await compute.decompress(compression, records, maxBytes));
}

/** The bytes after the header, still compressed. */
function openRecords(bytes: Uint8Array, position: number, options: ReadOptions): Uint8Array {
  const size = assertWholeBatch(bytes, position);
  if (options.checkCrc !== false) assertCrc(bytes, position, size);
  return bytes.subarray(position + BATCH_HEADER_BYTES, position + size);
}

/**
 * The records of one batch, read once from first to last, by `next` or by iteration. Each is checked when it is reached;
 * what is malformed throws MoldauError CORRUPT_BATCH, and work is bounded by the bytes there are, not by what they claim.
 * The iterator does not close: breaking out of a loop leaves the rest to be read.
 */
export class RecordBatchReader implements IterableIterator<DecodedRecord> {
  readonly baseOffset: Offset;
  /** Of the batch, also where compaction has removed its last records. */
  readonly lastOffset: Offset;
  /** Records in the batch. */
  readonly count: number;
  readonly isControl: boolean;
  readonly isTransactional: boolean;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly #cursor: ByteCursor;
  readonly #end: number;
  readonly #baseTimestamp: number;
  /** The one timestamp of all records, where the broker set it. */
  readonly #appendTimestamp: number | undefined;
  readonly #lastOffsetDelta: number;
  #read = 0;
  #previousDelta = -1;

  /** For `readBatch`: a whole batch at `position` and its decompressed records. */
  constructor(bytes: Uint8Array, position: number, records: Uint8Array) {
    this.baseOffset = baseOffsetAt(bytes, position);
    this.count = countAt(bytes, position);
    this.isControl = isControlAt(bytes, position);
    this.isTransactional = isTransactionalAt(bytes, position);
    this.producerId = producerIdAt(bytes, position);
    this.producerEpoch = producerEpochAt(bytes, position);
    this.#baseTimestamp = baseTimestampAt(bytes, position);
    this.#appendTimestamp = timestampTypeAt(bytes, position) === 'LogAppendTime' ? maxTimestampAt(bytes, position) : undefined;
    this.#lastOffsetDelta = lastOffsetDeltaAt(bytes, position);
    this.lastOffset = (this.baseOffset + this.#lastOffsetDelta) as Offset;
    this.#cursor = new ByteCursor(asBuffer(records), 0, records.length);
    this.#end = records.length;
    this.#assertPlausible();
  }

  #assertPlausible(): void {
    const { count } = this;
    const limit = Math.floor(this.#end / RECORD_BYTES_MIN);
    if (count < 0 || count > limit) {
      throw corruptBatch(`counts ${count} records in ${this.#end} bytes`, { field: 'count', value: String(count), limit: String(limit) });
    }
    const lastDelta = this.#lastOffsetDelta;
    if (lastDelta < 0 || !Number.isSafeInteger(this.lastOffset)) {
      throw corruptBatch(`has the last offset delta ${lastDelta}`, { field: 'lastOffsetDelta', value: String(lastDelta) });
    }
  }

  /** The next record; undefined after the last. */
  readNext(): DecodedRecord | undefined {
    const cursor = this.#cursor;
    if (this.#read === this.count) {
      if (cursor.position !== this.#end) throw this.#fault('holds more bytes than its records take', this.#end - cursor.position);
      return undefined;
    }
    cursor.end = this.#end;
    const length = cursor.varint();
    const end = cursor.position + length;
    if (length < RECORD_BYTES_MIN - 1 || end > this.#end) throw this.#fault('has a record of impossible length', length);
    cursor.end = end;
    // The record's attributes: no bit of them is in use.
    cursor.position += 1;
    const timestamp = this.#baseTimestamp + cursor.varlong();
    if (timestamp > Number.MAX_SAFE_INTEGER || timestamp < Number.MIN_SAFE_INTEGER)
      throw this.#fault('has a timestamp beyond ±2^53', timestamp);
    const delta = cursor.varint();
    if (delta <= this.#previousDelta || delta > this.#lastOffsetDelta)
      throw this.#fault('has a record with its offset out of order', delta);
    const record = new DecodedRecord((this.baseOffset + delta) as Offset, this.#appendTimestamp ?? timestamp, cursor);
    if (cursor.position !== end) throw this.#fault('has a record shorter than its length', end - cursor.position);
    this.#previousDelta = delta;
    this.#read += 1;
    return record;
  }

  next(): IteratorResult<DecodedRecord, undefined> {
    const value = this.readNext();
    return value === undefined ? { done: true, value } : { done: false, value };
  }

  [Symbol.iterator](): this {
    return this;
  }

  #fault(problem: string, value: number): Error {
    const facts = {
      value: String(value),
      record: String(this.#read),
      base_offset: String(this.baseOffset),
      position: String(this.#cursor.position),
    };
    return corruptBatch(problem, facts);
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
