import type { MoldauError } from '@moldau/kernel';
import type { AdminCallOptions } from './admin-types.ts';

/** Which partitions are wanted: those in this state. */
export type PartitionCondition = 'under-replicated' | 'under-min-isr' | 'offline' | 'reassigning' | 'not-preferred';

export interface DescribePartitionsOptions extends AdminCallOptions {
  /** Names of topics; default all of the namespace. */
  readonly topics?: readonly string[];
  /** Default all. */
  readonly condition?: PartitionCondition;
  /** Partitions per request, 1 … 10,000; default 1,000. */
  readonly pageSize?: number;
}

/** A partition with who leads and who follows it. */
export interface PartitionPlacement {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  /** Undefined while there is none. */
  readonly leaderId: number | undefined;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  /** The preferred leader first. */
  readonly replicaIds: readonly number[];
  readonly inSyncReplicaIds: readonly number[];
  /** Not in sync, and yet with every acknowledged record. */
  readonly eligibleLeaderIds: readonly number[];
  /** With every acknowledged record before an unclean stop. */
  readonly lastKnownLeaderIds: readonly number[];
  readonly addingIds: readonly number[];
  readonly removingIds: readonly number[];
  readonly minInSyncReplicas: number;
  /** The newest leader epoch whose election may have lost acknowledged records; undefined: none ever did. */
  readonly lossyEpoch: number | undefined;
}

/** Names a partition. */
export interface PartitionName {
  readonly topic: string;
  readonly partition: number;
}

export interface Reassignment extends PartitionName {
  /** The new replicas, the preferred leader first; `cancel`: back to where they were. */
  readonly replicas: readonly number[] | 'cancel';
}

/** What became of one partition. */
export interface PartitionOutcome extends PartitionName {
  /** Empty when unknown. */
  readonly topicId: string;
  readonly error: MoldauError | undefined;
}

/** How far a broker's drain is. */
export interface DrainState {
  readonly draining: boolean;
  /** Replicas it still holds. */
  readonly replicas: number;
  /** Partitions it still leads. */
  readonly leaders: number;
  /** Its replicas that are being moved at the moment. */
  readonly moving: number;
  /** Replicas that no other broker can take at the moment. */
  readonly stuck: number;
}

/** A replica as its leader sees it. */
export interface ReplicaStanding {
  readonly brokerId: number;
  readonly inSync: boolean;
  /** End of its log; undefined: the leader has not heard of it since it was elected. */
  readonly endOffset: number | undefined;
  /** End of what it has flushed; undefined as before. */
  readonly flushedOffset: number | undefined;
  /** Records of the leader's log that it lacks; all of them while it was not heard of. */
  readonly lagRecords: number;
  /** For how long it has not had all that the leader had; 0: it has everything. */
  readonly lagMs: number;
}

/** A partition's log and replicas, as its leader sees them. */
export interface LedReplicas {
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly logStartOffset: number;
  /** End of what readers see. */
  readonly highWatermark: number;
  /** End of the leader's log. */
  readonly endOffset: number;
  readonly sizeBytes: number;
  /** The leader among them, the preferred leader first. */
  readonly replicas: readonly ReplicaStanding[];
}

/** What a partition's leader said, or why it said nothing. */
export interface DescribedReplicas extends PartitionName {
  readonly led: LedReplicas | undefined;
  readonly error: MoldauError | undefined;
}
