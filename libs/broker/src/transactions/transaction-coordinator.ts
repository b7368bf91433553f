import type { AddToTransaction } from '@moldau/protocol';
import type { RequestContext } from '../request/request-context.ts';

/** A producer's transaction in one partition. */
export interface PartitionTransaction {
  readonly producerId: number;
  readonly topicId: string;
  readonly partition: number;
}

/** What partition leaders ask of those coordinators that own the shards of transactions. */
export interface TransactionCoordinator {
  /**
   * Makes partitions part of the session's transaction, which begins with the first. Rejects with UNKNOWN_TRANSACTIONAL_ID,
   * FENCED_PRODUCER, TRANSACTION_ABORTED, TRANSACTION_TOO_LARGE, INVALID_TRANSACTIONAL_ID, CONCURRENT_TRANSACTIONS (the one before is
   * being completed), and with errors of the way there.
   */
  addToTransaction(request: AddToTransaction, context: RequestContext, timeoutMs: number): Promise<void>;
  /**
   * The transactional id, of any namespace, that has a transaction of this producer id under way, decided or not, of which the partition
   * is a part; undefined: none has. Rejects when one of the shards can't tell.
   */
  underWay(transaction: PartitionTransaction, context: RequestContext): Promise<string | undefined>;
}
