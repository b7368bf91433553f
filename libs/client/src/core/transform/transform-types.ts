import type { MoldauError } from '@moldau/kernel';
import type { ConsumedRecord } from '../consumer/consumed-record.ts';
import type { GroupConsumerOptions } from '../group/group-types.ts';
import type { ProducerRecord } from '../producer/producer-types.ts';
import type { Transaction } from '../transaction/transaction.ts';
import type { TransactionalProducerOptions } from '../transaction/transaction-types.ts';

/** A record that a transform gives; without a topic it goes to `to`. */
export type TransformOutput<K, V> = Omit<ProducerRecord<K, V>, 'topic'> & { readonly topic?: string };

/** What becomes of one record: nothing, one record, or some. */
export type TransformResult<K, V> = TransformOutput<K, V> | readonly TransformOutput<K, V>[] | null | undefined;

/** What a transform reads. */
export type TransformSourceOptions<K, V> = Omit<
  GroupConsumerOptions<K, V>,
  | 'group'
  | 'topics'
  | 'autoCommit'
  | 'autoCommitIntervalMs'
  | 'onAssigned'
  | 'onRevoked'
  | 'onLost'
  | 'onCommitFailed'
  | 'signal'
  | 'instanceId'
>;

/** How a transform writes. */
export type TransformSinkOptions<K, V> = Omit<TransactionalProducerOptions<K, V>, 'transactionalId' | 'timeoutMs'>;

/** Options of `moldau.transform`. */
export interface TransformOptions<InK, InV, OutK, OutV> {
  /** The group that reads; its offsets are committed with the results. */
  readonly group: string;
  /** The topics to read. */
  readonly from: string | readonly string[];
  /** Where results go that name no topic. */
  readonly to?: string;
  /**
   * Prefix of the transactional ids, of which each member has one: `<prefix>-0`, `<prefix>-1`…. Each process has a prefix of its
   * own, and the same again when it restarts: so it ends at once what its last life left open.
   */
  readonly transactionalId: string;
  /** What each record becomes. Called again for the same record when its transaction is aborted: only what it returns counts. */
  readonly transform?: (record: ConsumedRecord<InK, InV>) => TransformResult<OutK, OutV> | Promise<TransformResult<OutK, OutV>>;
  /** Instead of `transform`: works on the records of a transaction together, and sends by itself. */
  readonly process?: (records: readonly ConsumedRecord<InK, InV>[], transaction: Transaction<OutK, OutV>) => Promise<void> | void;
  /** Members of the group that this process runs, each with transactions of its own, 1 … 64; default 1. */
  readonly members?: number;
  /** Records in a transaction, 1 … 100,000; default 1,000. */
  readonly maxRecords?: number;
  /** How long a transaction waits for more of them, in ms, 0 … 60,000; default 100. */
  readonly maxWaitMs?: number;
  /** After so long the server aborts a transaction, in ms, 1 … 900,000; default 10,000. Others wait so long for what a dead process left. */
  readonly timeoutMs?: number;
  /** Times that `transform` or `process` may fail on the same records before the whole transform does, 1 … 1,000,000; default 10. */
  readonly attempts?: number;
  /** Told of each transaction that is aborted and repeated. Default: the client's log has it. */
  readonly onRetry?: (error: MoldauError) => void;
  /** How to read: deserializers, prefetch and others. Isolation is `read_committed` unless it says otherwise. */
  readonly source?: TransformSourceOptions<InK, InV>;
  /** How to write: serializers, compression and others. */
  readonly sink?: TransformSinkOptions<OutK, OutV>;
}

/** Counts since the transform began. */
export interface TransformStats {
  /** Records that were read and whose transaction is committed. */
  readonly recordsIn: number;
  /** Transactions that were committed. */
  readonly commits: number;
  /** Transactions that were aborted and repeated. */
  readonly retries: number;
}
