import type { DescribedBroker, DescribedCluster } from '@moldau/client';
import type { PartitionState } from './partition-state.ts';

/** What is wrong with a cluster, by kind. */
export interface HealthReport {
  /** Nothing is: a controller, all brokers unfenced or retired and none with a slow disk, every partition led, every replica in sync. */
  readonly healthy: boolean;
  readonly clusterId: string;
  readonly metadataVersion: number;
  /** Id of the coordinator that is the controller; null while there is none. */
  readonly controller: string | null;
  readonly brokers: {
    readonly unfenced: readonly number[];
    readonly fenced: readonly number[];
    /** Fenced ones that were drained and hold nothing: they have left the cluster, which is no ill. */
    readonly retired: readonly number[];
    /** Those that take no new replicas, and those whose replicas are being moved away: no ill. */
    readonly cordoned: readonly number[];
    readonly draining: readonly number[];
    /** Those whose disks flush much slower than others': replicas there are not in sync where enough others are. */
    readonly slowDisk: readonly number[];
    /** Any one of them may be stopped: without it every partition is led, and takes records with acks=all. */
    readonly safeToStop: readonly number[];
  };
  readonly topics: number;
  readonly partitions: {
    readonly total: number;
    readonly withoutLeader: readonly PartitionState[];
    /** They take no records with acks=all. */
    readonly underMinIsr: readonly PartitionState[];
    readonly underReplicated: readonly PartitionState[];
    /** Their replicas are being moved: no ill. */
    readonly reassigning: readonly PartitionState[];
  };
}

/** Judges a cluster by what it says of itself. `retired`: brokers that are fenced, were drained and hold nothing. */
export function assessHealth(cluster: DescribedCluster, states: readonly PartitionState[], retired: readonly number[] = []): HealthReport {
  const ids = (holds: (broker: DescribedBroker) => boolean): readonly number[] =>
    cluster.brokers.filter(holds).map(({ brokerId }) => brokerId);
  const unsafe = neededBrokers(states);
  const brokers = {
    unfenced: ids(({ fenced }) => !fenced),
    fenced: ids(({ brokerId, fenced }) => fenced && !retired.includes(brokerId)),
    retired,
    cordoned: ids(({ brokerId, cordoned }) => cordoned && !retired.includes(brokerId)),
    draining: ids(({ brokerId, draining }) => draining && !retired.includes(brokerId)),
    slowDisk: ids(({ fenced, slowDisk }) => slowDisk && !fenced),
    safeToStop: ids(({ brokerId, fenced }) => !fenced && !unsafe.has(brokerId)),
  };
  const partitions = {
    total: states.length,
    withoutLeader: states.filter(({ leader }) => leader === null),
    underMinIsr: states.filter(({ inSyncReplicas, minInSyncReplicas }) => inSyncReplicas.length < minInSyncReplicas),
    // Replicas that are on their way are not missed yet.
    underReplicated: states.filter(({ inSyncReplicas, replicas, adding }) =>
      replicas.some((id) => !inSyncReplicas.includes(id) && !adding.includes(id)),
    ),
    reassigning: states.filter(({ adding, removing }) => adding.length + removing.length > 0),
  };
  const controller = cluster.coordinators.find((coordinator) => coordinator.controller)?.coordinatorId ?? null;
  const wrong = [brokers.fenced, brokers.slowDisk, partitions.withoutLeader, partitions.underMinIsr, partitions.underReplicated];
  return {
    healthy: controller !== null && wrong.every((list) => list.length === 0),
    clusterId: cluster.clusterId,
    metadataVersion: cluster.metadataVersion,
    controller,
    brokers,
    topics: new Set(states.map(({ topic }) => topic)).size,
    partitions,
  };
}

/** Brokers that a partition could not do without: it would have no leader, or take no records with acks=all. */
function neededBrokers(states: readonly PartitionState[]): ReadonlySet<number> {
  const needed = new Set<number>();
  for (const { leader, replicas, inSyncReplicas, minInSyncReplicas } of states) {
    for (const id of replicas) {
      const others = inSyncReplicas.filter((other) => other !== id).length;
      if (leader === null || others < Math.max(1, minInSyncReplicas)) needed.add(id);
    }
  }
  return needed;
}

/**
 * Whether a broker that is needed now may be done without once others are in sync: false where a partition of it has too few
 * replicas for that, however long one waits.
 */
export function waitingHelps(states: readonly PartitionState[], id: number): boolean {
  const allInSync = states.map((state) => ({ ...state, leader: state.leader ?? id, inSyncReplicas: state.replicas }));
  const [now, then] = [neededIn(states, id), neededIn(allInSync, id)];
  return now.some((needed, at) => needed && then[at] === false);
}

/** Of each partition, whether it could not do without the broker. */
function neededIn(states: readonly PartitionState[], id: number): readonly boolean[] {
  return states.map((state) => neededBrokers([state]).has(id));
}
