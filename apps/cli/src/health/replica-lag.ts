import type { Admin, LedReplicas, ReplicaStanding } from '@moldau/client';
import type { PartitionState } from './partition-state.ts';

/** How long leaders are asked: who describes an ill cluster does not wait for those that are dead. */
const ASK_TIMEOUT_MS = 5_000;

/** What the leaders of partitions say of their logs and replicas; without those that have none, or did not answer. */
export type LedPartitions = ReadonlyMap<PartitionState, LedReplicas>;

export async function readReplicas(admin: Admin, states: readonly PartitionState[]): Promise<LedPartitions> {
  const led = states.filter(({ leader }) => leader !== null);
  if (led.length === 0) return new Map();
  const described = await admin.describeReplicas(led, { timeoutMs: ASK_TIMEOUT_MS });
  return new Map(led.flatMap((state, at) => (described[at]?.led === undefined ? [] : [[state, described[at].led]])));
}

/** Records that each follower lacks: `2:0 3:1204`; `?` where the leader has not heard of it. */
export function lagText(led: LedReplicas | undefined): string {
  if (led === undefined) return '?';
  const followers = led.replicas.filter(({ brokerId }) => brokerId !== led.leaderId);
  return (
    followers.map(({ brokerId, endOffset, lagRecords }) => `${brokerId}:${endOffset === undefined ? '?' : lagRecords}`).join(' ') || '-'
  );
}

/** The same for JSON. */
export function replicaStandings(led: LedReplicas | undefined): readonly ReplicaStanding[] | null {
  return led?.replicas ?? null;
}
