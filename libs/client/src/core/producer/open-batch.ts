import { type BuilderLimits, RecordBatchBuilder, type RecordHeader, type SealedRecords } from '@moldau/records';
import type { ProducerBatch } from './producer-batch.ts';

/** The batch of a partition that collects records, and the builder that all of them share. */
export class OpenBatch {
  #limits: BuilderLimits;
  #builder: RecordBatchBuilder;
  /** Undefined until a record comes. */
  batch: ProducerBatch | undefined;
  /** To be sent as soon as there is room, however small. */
  isDue = false;

  constructor(limits: BuilderLimits) {
    this.#limits = limits;
    this.#builder = new RecordBatchBuilder(limits);
  }

  /** Limits for the batches from the next one on; a batch that collects records keeps those it began with. */
  useLimits(limits: BuilderLimits): void {
    if (limits === this.#limits || this.batch !== undefined) return;
    this.#limits = limits;
    this.#builder = new RecordBatchBuilder(limits);
  }

  /** Bytes that the record takes, the header with the first; undefined when the batch is full. @throws MoldauError RECORD_TOO_LARGE */
  append(
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[] | undefined,
  ): number | undefined {
    const builder = this.#builder;
    const before = this.batch === undefined ? 0 : builder.sizeInBytes;
    return builder.append(timestampMs, key, value, headers) ? builder.sizeInBytes - before : undefined;
  }

  begin(batch: ProducerBatch): ProducerBatch {
    this.batch = batch;
    this.isDue = false;
    return batch;
  }

  /** What was collected; the next record begins another batch. */
  seal(): SealedRecords {
    this.batch = undefined;
    return this.#builder.seal();
  }
}
