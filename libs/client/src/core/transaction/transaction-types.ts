import type { TopicPartitionName } from '../consumer/consumer-types.ts';
import type { GroupIdentity, PartitionHold } from '../group/group-types.ts';
import type { ProducerOptions } from '../producer/producer-types.ts';

/** Options of a transactional producer; acks are always `all`, and batches idempotent. */
export interface TransactionalProducerOptions<K, V> extends Omit<ProducerOptions<K, V>, 'acks' | 'idempotent'> {
  /**
   * 1–249 characters of `[a-zA-Z0-9._-]`. A producer fences all that had the id before it, and ends what they left under way:
   * so each producer that lives at the same time has one of its own, and takes the same again when it restarts.
   */
  readonly transactionalId: string;
  /** After so long the server aborts a transaction, in ms, 1 … 900,000; default 60,000. */
  readonly timeoutMs?: number;
}

/** How far a group has come in one partition, to be committed with a transaction. */
export interface TransactionOffset {
  readonly topic: string;
  readonly partition: number;
  /** Offset of the next record to read. */
  readonly offset: number;
  /** Leader epoch of the last record that was read. */
  readonly leaderEpoch?: number | undefined;
  /** Whatever is to be noted, at most 4,096 bytes of UTF-8. */
  readonly metadata?: string | undefined;
}

/**
 * Whose offsets a transaction commits: a group without members, by its name; a member, which must own the partitions; or
 * something that knows the member that it is at the moment. A group consumer also says what it holds: then the transaction fails with
 * NOT_PARTITION_OWNER when a partition was lost after its records were handed out and before its offset was staged, even if the
 * consumer has it again.
 */
export type TransactionGroup = string | GroupIdentity | { groupIdentity(): GroupIdentity } | HoldingGroup;

/** A member that knows what it holds. */
export interface HoldingGroup {
  groupIdentity(): GroupIdentity;
  /** Undefined: it does not hold the partition, or not since it was handed what is below `upTo`. */
  holdOn(target: TopicPartitionName, upTo: number): PartitionHold | undefined;
}
