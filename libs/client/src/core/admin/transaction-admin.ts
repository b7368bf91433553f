import type { Cluster } from '../cluster/cluster.ts';
import type { AdminCallOptions, DryRunOptions } from './admin-types.ts';
import { GroupAdmin } from './group-admin.ts';
import { abortHangingTransaction, findHangingTransactions } from './hanging-transactions.ts';
import type { PartitionName } from './placement-types.ts';
import type {
  AbortedProducer,
  DescribedProducers,
  DescribedTransaction,
  HangingTransactions,
  ListTransactionsOptions,
  OpenTransaction,
  TransactionListing,
} from './transaction-types.ts';
import { abortTransaction, describeProducers, describeTransactions, listTransactions } from './transactions.ts';

/** What operators do with transactions, besides groups: a part of `Admin`. */
export class TransactionAdmin extends GroupAdmin {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    super(cluster);
    this.#cluster = cluster;
  }

  /** The transactional ids of the namespace by name, page after page. */
  listTransactions(options: ListTransactionsOptions = {}): AsyncGenerator<TransactionListing, void, undefined> {
    return listTransactions(this.#cluster, options);
  }

  /** Transactional ids with what they have under way. */
  describeTransactions(transactionalIds: readonly string[], options: AdminCallOptions = {}): Promise<readonly DescribedTransaction[]> {
    return describeTransactions(this.#cluster, transactionalIds, options);
  }

  /**
   * Aborts what a transactional id has under way; its producer is told by its next call. Rejects UNKNOWN_TRANSACTIONAL_ID,
   * INVALID_TRANSACTION_STATE (nothing is under way), CONCURRENT_TRANSACTIONS (it is being completed).
   */
  abortTransaction(transactionalId: string, options: DryRunOptions = {}): Promise<void> {
    return abortTransaction(this.#cluster, transactionalId, options);
  }

  /** The producers that partitions remember, with the transactions that they have open there. */
  describeProducers(partitions: readonly PartitionName[], options: AdminCallOptions = {}): Promise<readonly DescribedProducers[]> {
    return describeProducers(this.#cluster, partitions, options);
  }

  /** Transactions that are open in the partitions and that no coordinator has under way: no timeout ends them. */
  findHangingTransactions(partitions: readonly PartitionName[], options: AdminCallOptions = {}): Promise<HangingTransactions> {
    return findHangingTransactions(this.#cluster, partitions, options);
  }

  /**
   * Ends such a transaction in its partition. Rejects UNKNOWN_TOPIC, UNKNOWN_PARTITION, and INVALID_TRANSACTION_STATE: none is open from
   * that offset on (also where it was ended and the answer was lost), or a transactional id has it under way, which
   * `abortTransaction` ends.
   */
  abortHangingTransaction(target: OpenTransaction, options: DryRunOptions = {}): Promise<AbortedProducer> {
    return abortHangingTransaction(this.#cluster, target, options);
  }
}
