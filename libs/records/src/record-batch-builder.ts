import { assert, type Compute, MoldauError } from '@moldau/kernel';
import { assembleBatch, type BatchFields, type SealedRecords } from './assemble-batch.ts';
import type { BatchBufferPool } from './batch-buffer-pool.ts';
import { BATCH_HEADER_BYTES, NO_TIMESTAMP } from './batch-header.ts';
import { compress } from './compression/codecs.ts';
import { NO_HEADERS, type RecordHeader } from './record.ts';
import { recordBodySize, writeRecord } from './record-writer.ts';
import { varintSize } from './varint.ts';

/** What the first buffer of a builder takes, unless the batch before was larger. */
const FIRST_BUFFER_BYTES = 4 * 1024;
const OFFSET_DELTA_MAX = 0x7fff_ffff;

export interface BuilderLimits {
  /** Size from which a batch takes no further record; its first may be larger. Uncompressed, header included. */
  readonly targetBytes: number;
  /** Largest whole batch, uncompressed; a record that does not fit it alone is RECORD_TOO_LARGE. */
  readonly maxBytes: number;
}

/**
 * Collects records into the bytes of a batch, one batch after the other. Records are written at once into one buffer
 * behind room for the header; no object is made per record. What is appended is copied.
 */
export class RecordBatchBuilder {
  readonly #limits: BuilderLimits;
  readonly #pool: BatchBufferPool | undefined;
  /** Undefined until the first record. */
  #buffer: Buffer | undefined;
  #position = BATCH_HEADER_BYTES;
  #count = 0;
  #lastOffsetDelta = -1;
  /** Undefined until the first record, or until `setBaseTimestamp`. */
  #baseTimestamp: number | undefined;
  #maxTimestamp = 0;
  #firstBufferBytes: number;

  constructor(limits: BuilderLimits, pool?: BatchBufferPool) {
    assert(limits.targetBytes <= limits.maxBytes, "a batch's target size is at most its largest", { ...limits });
    this.#limits = limits;
    this.#pool = pool;
    this.#firstBufferBytes = Math.min(FIRST_BUFFER_BYTES, limits.maxBytes);
  }

  /** Records so far. */
  get count(): number {
    return this.#count;
  }

  /** Of the batch if it were built now without compression. */
  get sizeInBytes(): number {
    return this.#position;
  }

  /** Largest timestamp so far; undefined while empty. */
  get maxTimestamp(): number | undefined {
    return this.#count === 0 ? undefined : this.#maxTimestamp;
  }

  /** What timestamps are stored relative to, where it is not the first record's: a delete horizon. Before the first record. */
  setBaseTimestamp(timestamp: number): void {
    assert(this.#count === 0, 'the base timestamp is set before the first record', { count: this.#count });
    this.#baseTimestamp = timestamp;
  }

  /**
   * Adds a record with the next offset. False, with nothing added, when the batch has records and this one would take it
   * past `targetBytes`: build it and try again. The timestamp is in ms since the
   * epoch, −1 for none; the first record's is the batch's base.
   *
   * @throws MoldauError RECORD_TOO_LARGE when an empty batch can't hold it within `maxBytes`
   */
  append(timestamp: number, key: Uint8Array | null, value: Uint8Array | null, headers: readonly RecordHeader[] = NO_HEADERS): boolean {
    return this.appendAt(this.#lastOffsetDelta + 1, timestamp, key, value, headers);
  }

  /** As `append`, at a chosen offset after the batch's base that is above the last record's: for compaction, which leaves gaps. */
  appendAt(
    offsetDelta: number,
    timestamp: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[] = NO_HEADERS,
  ): boolean {
    assert(offsetDelta > this.#lastOffsetDelta && offsetDelta <= OFFSET_DELTA_MAX, 'offsets in a batch rise', { offsetDelta });
    assert(Number.isSafeInteger(timestamp) && timestamp >= NO_TIMESTAMP, 'a timestamp is a safe integer ≥ −1', { timestamp });
    const empty = this.#count === 0;
    const baseTimestamp = this.#baseTimestamp ?? timestamp;
    const timestampDelta = timestamp - baseTimestamp;
    const bodySize = recordBodySize(timestampDelta, offsetDelta, key, value, headers);
    const end = this.#position + varintSize(bodySize) + bodySize;
    if (end > this.#limits.targetBytes) {
      if (!empty) return false;
      if (end > this.#limits.maxBytes) throw recordTooLarge(end, this.#limits.maxBytes);
    }
    let buffer = this.#buffer;
    if (buffer === undefined || end > buffer.length) buffer = this.#grow(end);
    if (empty) {
      this.#baseTimestamp = baseTimestamp;
      this.#maxTimestamp = timestamp;
    } else if (timestamp > this.#maxTimestamp) {
      this.#maxTimestamp = timestamp;
    }
    this.#position = writeRecord(buffer, this.#position, bodySize, timestampDelta, offsetDelta, key, value, headers);
    this.#lastOffsetDelta = offsetDelta;
    this.#count += 1;
    return true;
  }

  /** Whether `append` of this record would return false. */
  wouldExceed(timestamp: number, key: Uint8Array | null, value: Uint8Array | null, headers: readonly RecordHeader[] = NO_HEADERS): boolean {
    return this.#count > 0 && this.sizeWith(timestamp, key, value, headers) > this.#limits.targetBytes;
  }

  /** Exact `sizeInBytes` after `append` of this record. */
  sizeWith(timestamp: number, key: Uint8Array | null, value: Uint8Array | null, headers: readonly RecordHeader[] = NO_HEADERS): number {
    const timestampDelta = timestamp - (this.#baseTimestamp ?? timestamp);
    const bodySize = recordBodySize(timestampDelta, this.#lastOffsetDelta + 1, key, value, headers);
    return this.#position + varintSize(bodySize) + bodySize;
  }

  /** The finished batch, compressed on the calling thread. The builder is empty afterwards and may be used again. */
  build(fields: BatchFields = {}): Buffer {
    const sealed = this.seal();
    const compression = fields.compression ?? 'none';
    return assembleBatch(sealed, fields, compression === 'none' ? undefined : compress(compression, sealed.records));
  }

  /**
   * As `build`, with the compression done by `compute`. The builder is empty when this returns, before the promise
   * settles, and may be used for the next batch meanwhile.
   */
  async buildWith(compute: Compute, fields: BatchFields = {}): Promise<Buffer> {
    const sealed = this.seal();
    const compression = fields.compression ?? 'none';
    return assembleBatch(sealed, fields, compression === 'none' ? undefined : await compute.compress(compression, sealed.records));
  }

  /** The first step of building: hands over what was collected and leaves the builder empty. `assembleBatch` is the last. */
  seal(): SealedRecords {
    const buffer = this.#buffer ?? Buffer.allocUnsafeSlow(BATCH_HEADER_BYTES);
    const sealed: SealedRecords = {
      buffer: buffer.subarray(0, this.#position),
      records: buffer.subarray(BATCH_HEADER_BYTES, this.#position),
      count: this.#count,
      lastOffsetDelta: this.#lastOffsetDelta,
      baseTimestamp: this.#baseTimestamp ?? NO_TIMESTAMP,
      maxTimestamp: this.#count === 0 ? NO_TIMESTAMP : this.#maxTimestamp,
    };
    // Batches of one stream resemble each other: begin the next with the room this one needed, and an eighth.
    const likely = Math.max(FIRST_BUFFER_BYTES, Math.ceil(this.#position * 1.125));
    this.#firstBufferBytes = Math.min(likely, this.#limits.targetBytes);
    this.#buffer = undefined;
    this.#position = BATCH_HEADER_BYTES;
    this.#count = 0;
    this.#lastOffsetDelta = -1;
    this.#baseTimestamp = undefined;
    return sealed;
  }

  #grow(minBytes: number): Buffer {
    const old = this.#buffer;
    const wanted = old === undefined ? Math.max(minBytes, this.#firstBufferBytes) : Math.max(minBytes, 2 * old.length);
    const room = Math.max(minBytes, Math.min(wanted, this.#limits.targetBytes));
    const buffer = this.#pool === undefined ? Buffer.allocUnsafeSlow(room) : this.#pool.take(room);
    if (old !== undefined) {
      old.copy(buffer, 0, 0, this.#position);
      this.#pool?.give(old);
    }
    this.#buffer = buffer;
    return buffer;
  }
}

function recordTooLarge(value: number, limit: number): MoldauError {
  const message = `record makes a batch of ${value} bytes; at most ${limit} are allowed`;
  return new MoldauError('RECORD_TOO_LARGE', message, { value: String(value), limit: String(limit) });
}
