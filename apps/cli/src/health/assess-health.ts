import type { DescribedCluster } from '@moldau/client';
import type { PartitionState } from './partition-state.ts';

/** What is wrong with a cluster, by kind. */
export interface HealthReport {
  /** Nothing is: a controller, all brokers unfenced, every partition led, every replica in sync. */
  readonly healthy: boolean;
  readonly clusterId: string;
  readonly metadataVersion: number;
  /** Id of the coordinator that is the controller; null while there is none. */
  readonly controller: string | null;
  readonly brokers: { readonly unfenced: readonly number[]; readonly fenced: readonly number[] };
  readonly topics: number;
  readonly partitions: {
    readonly total: number;
    readonly withoutLeader: readonly PartitionState[];
    /** They take no records with acks=all. */
    readonly underMinIsr: readonly PartitionState[];
    readonly underReplicated: readonly PartitionState[];
  };
}

/** Judges a cluster by what it says of itself. */
export function assessHealth(cluster: DescribedCluster, states: readonly PartitionState[]): HealthReport {
  const ids = (fenced: boolean): readonly number[] =>
    cluster.brokers.filter((broker) => broker.fenced === fenced).map(({ brokerId }) => brokerId);
  const brokers = { unfenced: ids(false), fenced: ids(true) };
  const partitions = {
    total: states.length,
    withoutLeader: states.filter(({ leader }) => leader === null),
    underMinIsr: states.filter(({ inSyncReplicas, minInSyncReplicas }) => inSyncReplicas.length < minInSyncReplicas),
    underReplicated: states.filter(({ inSyncReplicas, replicas }) => inSyncReplicas.length < replicas.length),
  };
  const controller = cluster.coordinators.find((coordinator) => coordinator.controller)?.coordinatorId ?? null;
  const wrong = [brokers.fenced, partitions.withoutLeader, partitions.underMinIsr, partitions.underReplicated];
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
