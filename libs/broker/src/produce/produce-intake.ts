import { type Clock, MoldauError } from '@moldau/kernel';
import type { ProduceBatch, ProduceBatchResult } from '@moldau/protocol';
import { BATCH_HEADER_BYTES, countAt } from '@moldau/records';
import type { PartitionLocator } from '../partition/partition-locator.ts';
import { type BatchSink, PendingBatch } from '../partition/pending-batch.ts';
import type { RequestContext } from '../request/request-context.ts';
import type { ProduceMetrics } from './produce-metrics.ts';
import type { ProduceTerms } from './produce-terms.ts';

/** One request's or message's worth of batches on their way to partitions. */
export interface ProduceOrigin {
  readonly context: RequestContext;
  readonly terms: ProduceTerms;
  readonly sink: BatchSink;
  /** Monotonic time of the message's arrival. */
  readonly arrivedMs: number;
}

/** Takes batches from the API to their partitions, and answers back to the API. Nothing here waits. */
export class ProduceIntake {
  readonly clock: Clock;
  readonly #locator: PartitionLocator;
  readonly #metrics: ProduceMetrics;

  constructor(clock: Clock, locator: PartitionLocator, metrics: ProduceMetrics) {
    this.clock = clock;
    this.#locator = locator;
    this.#metrics = metrics;
  }

  /** Hands one batch to its partition; the sink hears of it once, perhaps before this returns. `id` is what it hears. */
  submit(origin: ProduceOrigin, batch: ProduceBatch, id: number): void {
    const { terms, arrivedMs } = origin;
    const bytes = batch.recordBatch;
    const pending = new PendingBatch(origin.sink, id, bytes.length, terms.acks, arrivedMs, arrivedMs + terms.timeoutMs);
    const { transactionalId } = batch;
    if (transactionalId !== undefined) pending.transaction = { transactionalId, context: origin.context };
    try {
      const partition = this.#locator.locate(batch.topicId, batch.partition, origin.context);
      partition.append(pending, bytes, batch.leaderEpoch);
    } catch (caught) {
      pending.fail(MoldauError.from(caught));
      return;
    }
    if (pending.error === undefined && bytes.length >= BATCH_HEADER_BYTES) this.#metrics.taken(bytes.length, countAt(bytes, 0));
  }

  /** Notes how long a message's batches took to arrive at their partitions and to be appended. */
  noteAppend(origin: ProduceOrigin, startedMs: number): void {
    this.#metrics.queued(startedMs - origin.arrivedMs);
    this.#metrics.appended(this.clock.monotonicMs() - startedMs);
  }

  /** What the client is told of a batch. */
  toResult(pending: PendingBatch, batchId: number, context: RequestContext): ProduceBatchResult {
    const { error } = pending;
    if (error !== undefined) {
      this.#metrics.failed(error.reason);
      return {
        batchId,
        baseOffset: undefined,
        logAppendTimeMs: undefined,
        logStartOffset: undefined,
        error: this.#locator.toItem(error, context),
      };
    }
    this.#metrics.confirmed(this.clock.monotonicMs() - pending.arrivedMs);
    return {
      batchId,
      baseOffset: pending.acks === 'none' ? undefined : pending.baseOffset,
      logAppendTimeMs: pending.logAppendTimeMs,
      logStartOffset: pending.logStartOffset,
      error: undefined,
    };
  }

  noteResponse(durationMs: number): void {
    this.#metrics.responded(durationMs);
  }
}
