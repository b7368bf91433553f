import type { Admin } from '@moldau/client';

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
  /** Fewest in-sync replicas for acks=all: the smaller of min.insync.replicas and the number of replicas. */
  readonly minInSyncReplicas: number;
}

/** The partitions of these topics; default all of the namespace. @throws MoldauError UNKNOWN_TOPIC */
export async function readPartitions(admin: Admin, topics: readonly string[] = []): Promise<readonly PartitionState[]> {
  const states: PartitionState[] = [];
  for await (const placement of admin.describePartitions({ topics })) {
    states.push({
      topic: placement.topic,
      partition: placement.partition,
      leader: placement.leaderId ?? null,
      leaderEpoch: placement.leaderEpoch,
      replicas: placement.replicaIds,
      inSyncReplicas: placement.inSyncReplicaIds,
      eligibleLeaderReplicas: placement.eligibleLeaderIds,
      minInSyncReplicas: placement.minInSyncReplicas,
    });
  }
  return states;
}
