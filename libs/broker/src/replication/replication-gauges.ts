import type { BrokerId, Meter } from '@moldau/kernel';
import type { ReplicaProgress } from '@moldau/replication';
import type { ClusterState } from '../metadata/cluster-state.ts';
import type { Leadership } from '../partition/leadership.ts';
import type { Partition } from '../partition/partition.ts';

/** Whose state the gauges show. */
export interface ReplicationState {
  readonly followers: { readonly size: number };
  /** Partitions led here with other replicas. */
  readonly isrChanges: { readonly led: ReadonlySet<Partition> };
}

/** Gauges of replication, computed when they are scraped; those of followers exist once the follower is known. */
export function registerReplicationGauges(meter: Meter, cluster: ClusterState, self: BrokerId, state: ReplicationState): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    meter.gauge({ name, help }).with().observe(read);
  };
  const count = (isCounted: (leadership: Leadership) => boolean): number => {
    let counted = 0;
    for (const { leadership } of state.isrChanges.led) if (leadership !== undefined && isCounted(leadership)) counted += 1;
    return counted;
  };
  gauge('moldau_broker_following_partitions', 'Partitions here that follow a leader.', () => state.followers.size);
  gauge('moldau_broker_under_replicated_partitions', 'Partitions led here of which not all replicas are in sync.', () =>
    count(({ replicas }) => replicas.progress().some(({ inIsr }) => !inIsr)),
  );
  gauge('moldau_broker_under_min_isr_partitions', 'Partitions led here with fewer replicas in sync than their minimum.', () =>
    count(({ replicas }) => !replicas.hasQuorum),
  );
  const labels = ['follower'];
  const records = meter.gauge({ name: 'moldau_replica_lag_records', help: 'Records that a follower lacks of what is led here.', labels });
  const bytes = meter.gauge({ name: 'moldau_replica_lag_bytes', help: 'The same in bytes, by the mean size of each log.', labels });
  const known = new Set<BrokerId>([self]);
  cluster.listen(({ image, delta }) => {
    if (delta !== undefined && delta.brokers.size === 0) return;
    for (const follower of image.brokers.keys()) {
      if (known.has(follower)) continue;
      known.add(follower);
      records.with(String(follower)).observe(() => lagOf(state.isrChanges.led, follower).records);
      bytes.with(String(follower)).observe(() => lagOf(state.isrChanges.led, follower).bytes);
    }
  });
}

function lagOf(led: ReadonlySet<Partition>, follower: BrokerId): { readonly records: number; readonly bytes: number } {
  let records = 0;
  let bytes = 0;
  for (const { leadership, log } of led) {
    if (leadership === undefined || log === undefined) continue;
    const progress = leadership.replicas.progress().find(({ brokerId }) => brokerId === follower);
    if (progress === undefined) continue;
    const lacked = lackedBy(progress, log.startOffset, log.endOffset);
    records += lacked;
    bytes += (lacked / Math.max(1, log.endOffset - log.startOffset)) * log.sizeBytes;
  }
  return { records, bytes: Math.round(bytes) };
}

/** One that was not heard of in this epoch may lack all. */
function lackedBy({ ends }: ReplicaProgress, start: number, end: number): number {
  return end - Math.max(start, ends?.receivedEnd ?? start);
}
