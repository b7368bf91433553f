import type { MoldauError, Offset } from '@moldau/kernel';
import type { ConsumerOptions, TopicPartitionName } from '../consumer/consumer-types.ts';

/** Where a group begins in a partition for which nothing is committed: `error` ends the iteration with NO_COMMITTED_OFFSET. */
export type GroupStart = 'earliest' | 'latest' | 'error' | { readonly timestampMs: number };

/** Which topics a member wants: some by name, all whose whole name matches an RE2 expression, or both. */
export interface GroupSubscription {
  /** At most 1,000; those that do not exist yet are read when they do. */
  readonly topics?: readonly string[];
  /** At most 249 characters; matched by the cluster, also against topics to come. */
  readonly pattern?: string;
}

/** Told of partitions that come and go. While one of these runs, the next waits. What it throws ends the iteration. */
export interface RebalanceEvents {
  /** They are this member's, and are read from their committed offsets once this is done: it may `seek`. */
  onAssigned?(partitions: readonly TopicPartitionName[]): void | Promise<void>;
  /**
   * They are about to go to others. No more of their records come, what was handed out is finished, and this may still commit.
   * It is waited for, at most four fifths of `rebalanceTimeoutMs` with all that came before; then what is finished is
   * committed and they are given up.
   */
  onRevoked?(partitions: readonly TopicPartitionName[]): void | Promise<void>;
  /**
   * They were taken away: somebody else may read them already, and nothing of them can be committed any more. Also in place of `onRevoked`,
   * where the time to give them up was over before that could be called.
   */
  onLost?(partitions: readonly TopicPartitionName[], cause: MoldauError): void | Promise<void>;
}

/** A task of a stream application: a part of its topology, for one partition of that part's topics. */
export interface StreamsTaskName {
  readonly part: number;
  readonly partition: number;
}

/** What a member of a stream application says of the application's tasks and of the state that it has. */
export interface StreamsMembership {
  /** Process that it runs in, 1–249 characters. */
  readonly processId: string;
  /** Parts of the topology by number, the same for all members; a topic is in one of them only. */
  readonly parts: readonly { readonly topics: readonly string[]; readonly stateful: boolean }[];
  /** Asked when it joins, and at `reportState`: tasks whose state it has without running them, and the changelog records that lacks. */
  lags(): readonly (StreamsTaskName & { readonly records: number })[];
  /** Told with every assignment: tasks whose state it is to keep up to date. */
  onFollowing(tasks: readonly StreamsTaskName[]): void;
}

/** Options of a consumer that shares the partitions of topics with the other members of its group. */
export interface GroupConsumerOptions<K, V>
  extends Omit<ConsumerOptions<K, V>, 'assignment' | 'stopAtEnd'>,
    GroupSubscription,
    RebalanceEvents {
  /** 1–249 characters of [a-zA-Z0-9._-]. */
  readonly group: string;
  /** Default `earliest`. */
  readonly from?: GroupStart;
  /** Whether what is finished is committed by itself: every `autoCommitIntervalMs`, before partitions go, and at close. Default true. */
  readonly autoCommit?: boolean;
  /** In ms, 10 … 3,600,000; default 5,000. */
  readonly autoCommitIntervalMs?: number;
  /** Told when a commit failed that nobody awaits: an automatic one, or `commitAsync`. Default: the client's log has it. */
  readonly onCommitFailed?: (error: MoldauError) => void;
  /** Makes it a static member: its next life, with the same instance id, goes on with its partitions without a rebalance. */
  readonly instanceId?: string;
  /** Its rack or zone, for assignors that mind it. */
  readonly rack?: string;
  /** What it wants to be known by when the group is described; at most 4,096 bytes. */
  readonly metadata?: Uint8Array;
  /** How long it may take to give up partitions, 100 … 1,800,000 ms; default 60,000. */
  readonly rebalanceTimeoutMs?: number;
  /** Makes it a member of a stream application: the assignor `streams` gives it whole tasks. */
  readonly streams?: StreamsMembership;
}

/** An offset to commit: that of the next record to read. */
export interface OffsetCommit extends TopicPartitionName {
  readonly offset: number;
  /** Leader epoch of the last record that was read; default what the consumer knows. */
  readonly leaderEpoch?: number;
  /** Noted beside it, at most 4,096 bytes of UTF-8. */
  readonly metadata?: string;
}

/** What is committed for a partition. */
export interface CommittedPosition extends TopicPartitionName {
  /** Undefined: nothing is committed, which is not offset 0. */
  readonly offset: Offset | undefined;
  readonly leaderEpoch: number | undefined;
  readonly metadata: string;
  /** Milliseconds since the Unix epoch. */
  readonly committedAtMs: number | undefined;
}

/** Who a member is to the cluster, for commits that are made elsewhere, in a transaction. */
export interface GroupIdentity {
  readonly groupId: string;
  readonly memberId: string;
  /** The newest that it was told; 0 before it has joined. */
  readonly memberEpoch: number;
}

export interface GroupCloseOptions {
  /** Longest wait for handlers that run and for the last commit, in ms; default 30,000. */
  readonly timeoutMs?: number;
  /** A static member that will be back within the session timeout: its partitions wait for it. Default false. */
  readonly returning?: boolean;
}

/** A member's hold on a partition, from when it is given to when it is given up or lost. */
export interface PartitionHold {
  /** Somebody else may have it: nothing that was read in it may be committed any more. */
  readonly isGone: boolean;
}
