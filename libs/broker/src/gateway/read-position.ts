import type { Compute } from '@moldau/kernel';
import type { ReadRecord } from '@moldau/protocol';
import { batchesIn, type DecodedRecord, isControlAt, nextOffsetAt, ReadEpochs, readBatchWith } from '@moldau/records';
import { AbortedBatches } from '../fetch/aborted-batches.ts';
import type { ReadSource } from './read-source.ts';

/** Bytes of batches read from a partition at once. */
const READ_BYTES = 256 * 1024;
/** Bytes of a record's own fields in a message, about. */
const RECORD_OVERHEAD_BYTES = 32;

/** Takes records until it is full. */
export interface RecordCollector {
  /** False: no more; the record was not taken. */
  add(record: ReadRecord, sizeBytes: number): boolean;
}

/** Where a Gateway reader is in one partition. */
export class ReadPosition {
  readonly source: ReadSource;
  /** May have records that have not been read. */
  ready = true;
  #nextOffset: number;
  readonly #stopAt: number | undefined;
  readonly #epochs: ReadEpochs;

  /** `stopAt` undefined: never at the end. `epochs`: of what was read before. */
  constructor(source: ReadSource, nextOffset: number, stopAt: number | undefined, epochs = new ReadEpochs()) {
    this.source = source;
    this.#epochs = epochs;
    this.#nextOffset = nextOffset;
    this.#stopAt = stopAt;
  }

  /** Of the next record to hand over. */
  get nextOffset(): number {
    return this.#nextOffset;
  }

  get isDone(): boolean {
    return this.#stopAt !== undefined && this.#nextOffset >= this.#stopAt;
  }

  /**
   * Reads and decodes once, handing records over until the collector is full. What did not fit is read and decoded again
   * the next time: nothing decompressed is kept while a caller is slow.
   *
   * @throws MoldauError those of reading and decoding
   */
  async collect(collector: RecordCollector, compute: Compute): Promise<void> {
    this.ready = false;
    const read = await this.source.read(this.#nextOffset, READ_BYTES, this.#epochs.before(this.#nextOffset));
    const aborted = new AbortedBatches(read.aborted);
    for (const bytes of read.batches) {
      const spans = [...batchesIn(bytes)];
      this.#epochs.note(bytes, spans);
      for (const { position } of spans) {
        if (this.isDone) return;
        if (aborted.isAborted(bytes, position)) {
          this.#nextOffset = Math.max(this.#nextOffset, nextOffsetAt(bytes, position));
        } else if (!(await this.#collectBatch(bytes, position, collector, compute))) {
          this.ready = true;
          return;
        }
      }
    }
    this.#nextOffset = Math.max(this.#nextOffset, read.nextOffset);
    // It may have moved during the read, which set `ready` already.
    if (this.#nextOffset < read.visibleEnd) this.ready = true;
  }

  /** True when the whole batch has been handed over. */
  async #collectBatch(bytes: Uint8Array, position: number, collector: RecordCollector, compute: Compute): Promise<boolean> {
    const end = nextOffsetAt(bytes, position);
    if (end <= this.#nextOffset) return true;
    if (!isControlAt(bytes, position)) {
      // The log checked the CRC when it read the batch from disk, or when it took it.
      const reader = await readBatchWith(compute, bytes, position, { checkCrc: false });
      for (let record = reader.readNext(); record !== undefined; record = reader.readNext()) {
        if (record.offset < this.#nextOffset) continue;
        if (this.#stopAt !== undefined && record.offset >= this.#stopAt) break;
        if (!collector.add(toReadRecord(this.source.partition, record), sizeOfRecord(record))) return false;
        this.#nextOffset = record.offset + 1;
      }
    }
    this.#nextOffset = end;
    return true;
  }
}

function sizeOfRecord({ key, value, headers }: DecodedRecord): number {
  let bytes = RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0);
  for (const header of headers) bytes += RECORD_OVERHEAD_BYTES + header.key.length + (header.value?.length ?? 0);
  return bytes;
}

function toReadRecord(partition: number, { offset, timestamp, key, value, headers }: DecodedRecord): ReadRecord {
  return {
    partition,
    offset,
    timestampMs: timestamp,
    key: key ?? undefined,
    value: value ?? undefined,
    headers: headers.map((header) => ({ key: header.key, value: header.value ?? undefined })),
  };
}
