import type { MoldauError, Offset } from '@moldau/kernel';
import type { AdminCallOptions } from './admin-types.ts';
import type { PartitionName } from './placement-types.ts';

/**
 * Where a transactional id stands: it has a session and nothing under way, a transaction is under way, one is being committed or
 * aborted, or the last one was.
 */
export type TransactionStanding =
  | 'empty'
  | 'ongoing'
  | 'prepare-commit'
  | 'prepare-abort'
  | 'complete-commit'
  | 'complete-abort'
  | 'unknown';

export interface ListTransactionsOptions extends AdminCallOptions {
  /** Only these; default all. */
  readonly states?: readonly Exclude<TransactionStanding, 'unknown'>[];
  /** Only transactions that have been under way for at least so long, in ms. */
  readonly runningForMs?: number;
  /** Ids that one request asks for, 1 … 10,000; default 1,000. */
  readonly pageSize?: number;
}

export interface TransactionListing {
  readonly transactionalId: string;
  readonly state: TransactionStanding;
  /** What its producer writes with; −1 when it has none. */
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Milliseconds since the Unix epoch; undefined: no transaction is under way. */
  readonly startedAtMs: number | undefined;
}

export interface TransactionDescription extends TransactionListing {
  /** After so long a transaction is aborted. */
  readonly timeoutMs: number;
  /** When anything of it last changed, milliseconds since the Unix epoch. */
  readonly updatedAtMs: number;
  /** What the transaction wrote to; until it is complete. */
  readonly partitions: readonly PartitionName[];
  /** Groups that it commits offsets of; until it is complete. */
  readonly groups: readonly string[];
  /** Shard of `__transactions` that keeps it, and the coordinator that owns the shard. */
  readonly shard: number;
  readonly coordinatorId: string;
}

export interface DescribedTransaction {
  readonly transactionalId: string;
  readonly transaction: TransactionDescription | undefined;
  readonly error: MoldauError | undefined;
}

/** A producer as a partition knows it. */
export interface DescribedProducer {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Undefined when only a marker of it is known. */
  readonly lastSequence: number | undefined;
  /** Of its last batch, milliseconds since the Unix epoch. */
  readonly lastTimestampMs: number;
  /** First offset of the transaction that it has open here. */
  readonly transactionStartOffset: Offset | undefined;
}

export interface DescribedProducers extends PartitionName {
  readonly producers: readonly DescribedProducer[];
  readonly error: MoldauError | undefined;
}

/** A transaction that is open in a partition, by its first record there. */
export interface OpenTransaction extends PartitionName {
  readonly startOffset: number;
}

/** A transaction that is open in a partition, and that no coordinator has under way: only an operator ends it. */
export interface HangingTransaction extends PartitionName {
  readonly startOffset: Offset;
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Of its producer's last batch, milliseconds since the Unix epoch. */
  readonly lastTimestampMs: number;
}

/** What hangs in the partitions that were asked for, and those that could not be told. */
export interface HangingTransactions {
  readonly hanging: readonly HangingTransaction[];
  readonly failed: readonly (PartitionName & { readonly error: MoldauError })[];
}

/** Whose transaction was ended. */
export interface AbortedProducer {
  readonly producerId: number;
  /** That it was written with. */
  readonly producerEpoch: number;
}
