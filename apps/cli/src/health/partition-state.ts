import type { Admin, PartitionCondition, PartitionPlacement } from '@moldau/client';

/** Partitions of one request: a large cluster is described by few. */
const PAGE_SIZE = 10_000;

/** A partition with what tells its health. */
export interface PartitionState {
  readonly topic: string;
  readonly partition: number;
  /** Null while there is none. */
  readonly leader: number | null;
  readonly leaderEpoch: number;
  /** The preferred leader first. */
  readonly replicas: readonly number[];
  readonly inSyncReplicas: readonly number[];
  /** Eligible leader replicas (KIP-966): not in sync, and yet with every acknowledged record. */
  readonly eligibleLeaderReplicas: readonly number[];
  /** Replicas that a reassignment adds, and those it takes away. */
  readonly adding: readonly number[];
  readonly removing: readonly number[];
  /** Fewest in-sync replicas for acks=all: the smaller of min.insync.replicas and the number of replicas. */
  readonly minInSyncReplicas: number;
}

/**
 * The partitions of these topics, or those of them in that condition; default all of the namespace.
 *
 * @throws MoldauError UNKNOWN_TOPIC
 */
export async function readPartitions(
  admin: Admin,
  topics: readonly string[] = [],
  condition?: PartitionCondition,
): Promise<readonly PartitionState[]> {
  const states: PartitionState[] = [];
  const wanted = condition === undefined ? { topics } : { topics, condition };
  for await (const placement of admin.describePartitions({ ...wanted, pageSize: PAGE_SIZE })) states.push(partitionState(placement));
  return states;
}

function partitionState(placement: PartitionPlacement): PartitionState {
  return {
    topic: placement.topic,
    partition: placement.partition,
    leader: placement.leaderId ?? null,
    leaderEpoch: placement.leaderEpoch,
    replicas: placement.replicaIds,
    inSyncReplicas: placement.inSyncReplicaIds,
    eligibleLeaderReplicas: placement.eligibleLeaderIds,
    adding: placement.addingIds,
    removing: placement.removingIds,
    minInSyncReplicas: placement.minInSyncReplicas,
  };
}
