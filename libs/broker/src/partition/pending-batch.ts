import type { MoldauError, Offset } from '@moldau/kernel';
import type { RequestContext } from '../request/request-context.ts';

/** When a batch counts as appended; as `Acks` of the API, with the default resolved. */
export type AcksMode = 'all' | 'leader' | 'none';

/** Where a batch's outcome goes. */
export interface BatchSink {
  /** Runs exactly once for each batch handed to a partition; in one partition in the order of the sink's batches. */
  completed(batch: PendingBatch): void;
}

/** The transaction that a batch says it is part of. */
export interface ClaimedTransaction {
  readonly transactionalId: string;
  /** Of the call that brought the batch. */
  readonly context: RequestContext;
}

/** A batch that is not from an idempotent producer. */
export const NO_PRODUCER = -1;

/** One batch between its arrival and its answer: the request's side of it, and what became of it. */
export class PendingBatch {
  readonly sink: BatchSink;
  /** The client's id of it, or any number by which the sink knows it. */
  readonly id: number;
  /** Length of the batch: what it counts for in budgets. */
  readonly sizeBytes: number;
  readonly acks: AcksMode;
  /** Monotonic time after which it is answered without confirmation. */
  readonly deadlineMs: number;
  /** Monotonic time of its arrival. */
  readonly arrivedMs: number;
  /** Set by who hands it to a partition, where the request names a transactional id. */
  transaction: ClaimedTransaction | undefined = undefined;
  /** The answer; `error` alone counts when it is set. */
  baseOffset = -1;
  logAppendTimeMs: number | undefined = undefined;
  logStartOffset = -1;
  error: MoldauError | undefined = undefined;
  /** The offset after its last record; 0 while it has none. */
  endOffset = 0;
  /** It is confirmed once the watermark has reached this: its end, or that of one before it in the queue. */
  confirmedAt = 0;
  /** Producer whose unanswered batch this is; `NO_PRODUCER` for others and for duplicates. */
  countsForProducer = NO_PRODUCER;

  constructor(sink: BatchSink, id: number, sizeBytes: number, acks: AcksMode, arrivedMs: number, deadlineMs: number) {
    this.sink = sink;
    this.id = id;
    this.sizeBytes = sizeBytes;
    this.acks = acks;
    this.arrivedMs = arrivedMs;
    this.deadlineMs = deadlineMs;
  }

  /** Notes where the batch stands in the log. */
  appended(baseOffset: Offset, endOffset: Offset, logStartOffset: Offset, logAppendTimeMs: number | undefined): void {
    this.baseOffset = baseOffset;
    this.endOffset = endOffset;
    this.confirmedAt = endOffset;
    this.logStartOffset = logStartOffset;
    this.logAppendTimeMs = logAppendTimeMs;
  }

  complete(): void {
    this.sink.completed(this);
  }

  fail(error: MoldauError): void {
    this.error ??= error;
    this.sink.completed(this);
  }
}
