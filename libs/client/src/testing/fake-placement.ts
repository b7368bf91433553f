import { type CallHandler, type MethodPath, MoldauError } from '@moldau/kernel';
import {
  adminService,
  DrainAction,
  ElectionType,
  errorToItem,
  type PartitionDescription,
  type PartitionResult,
  type PartitionSelector,
  unaryHandler,
} from '@moldau/protocol';
import type { FakeCluster } from './fake-cluster.ts';

/** The part of AdminService that is about brokers' replicas: every partition has one, where its leader is. */
export function fakePlacementHandlers(cluster: FakeCluster): [MethodPath, CallHandler][] {
  return [...brokerHandlers(cluster), ...partitionHandlers(cluster)];
}

function partitionHandlers(cluster: FakeCluster): [MethodPath, CallHandler][] {
  const { describePartitions, alterPartitionReassignments, electLeaders } = adminService;
  return [
    [
      describePartitions.path,
      unaryHandler(describePartitions, async ({ topics, pageSize = 1000, pageToken }) => {
        const names = topics.map(({ selector }) => (selector?.$case === 'name' ? selector.value : ''));
        const unknown = names.filter((name) => !cluster.topics.has(name));
        const error = errorToItem(new MoldauError('UNKNOWN_TOPIC', 'no such topic'));
        const all = [...cluster.topics.keys()].sort().filter((name) => names.length === 0 || names.includes(name));
        const partitions = all.flatMap((name) => placements(cluster, name));
        const from = Number(pageToken);
        const end = from + pageSize;
        const nextPageToken = end < partitions.length ? String(end) : '';
        return { partitions: partitions.slice(from, end), nextPageToken, errors: unknown.map((name) => ({ name, topicId: '', error })) };
      }),
    ],
    [
      alterPartitionReassignments.path,
      unaryHandler(alterPartitionReassignments, async ({ reassignments }) => ({
        results: reassignments.map(({ partition, replicas }) => {
          const moves = replicas !== undefined;
          return result(cluster, partition, moves ? undefined : new MoldauError('NO_REASSIGNMENT', 'nothing is being moved'));
        }),
      })),
    ],
    [
      electLeaders.path,
      unaryHandler(electLeaders, async ({ type, partitions }) => {
        const needless = type === ElectionType.UNCLEAN ? new MoldauError('ELECTION_NOT_NEEDED', 'it is led') : undefined;
        return { results: partitions.map((partition) => result(cluster, partition, needless)) };
      }),
    ],
  ];
}

function brokerHandlers(cluster: FakeCluster): [MethodPath, CallHandler][] {
  const cordoned = new Set<number>();
  const { cordonBroker, uncordonBroker, drainBroker, removeBroker } = adminService;
  return [
    [
      cordonBroker.path,
      unaryHandler(cordonBroker, async ({ brokerId }) => {
        assertBroker(cluster, brokerId);
        cordoned.add(brokerId);
        return {};
      }),
    ],
    [
      uncordonBroker.path,
      unaryHandler(uncordonBroker, async ({ brokerId }) => {
        assertBroker(cluster, brokerId);
        cordoned.delete(brokerId);
        return {};
      }),
    ],
    [
      removeBroker.path,
      unaryHandler(removeBroker, async ({ brokerId }) => {
        assertBroker(cluster, brokerId);
        throw new MoldauError('BROKER_NOT_REMOVABLE', `broker ${brokerId} can't be removed: it serves`, { broker_id: String(brokerId) });
      }),
    ],
    [
      drainBroker.path,
      unaryHandler(drainBroker, async ({ brokerId, action }) => {
        assertBroker(cluster, brokerId);
        if (action === DrainAction.START) cordoned.add(brokerId);
        if (action === DrainAction.CANCEL) cordoned.delete(brokerId);
        return { draining: cordoned.has(brokerId), replicas: 1, leaders: 1, moving: 0, stuck: 0 };
      }),
    ],
  ];
}

function placements(cluster: FakeCluster, name: string): PartitionDescription[] {
  const { topicId, partitions } = cluster.describeTopic({ selector: { $case: 'name', value: name } });
  return partitions.map(({ partition, leaderId, leaderEpoch, replicaIds, inSyncReplicaIds }) => ({
    topic: name,
    topicId,
    partition,
    leaderId,
    leaderEpoch,
    partitionEpoch: 0,
    replicaIds,
    inSyncReplicaIds,
    eligibleLeaderIds: [],
    lastKnownLeaderIds: [],
    addingIds: [],
    removingIds: [],
    minInSyncReplicas: 1,
  }));
}

function result(cluster: FakeCluster, selector: PartitionSelector | undefined, error: MoldauError | undefined): PartitionResult {
  const partition = selector?.partition ?? 0;
  const topic = selector?.topic === undefined ? undefined : cluster.describeTopic(selector.topic);
  const item = topic?.error ?? (error === undefined ? undefined : errorToItem(error));
  return { topic: topic?.name ?? '', topicId: topic?.topicId ?? '', partition, error: item };
}

function assertBroker(cluster: FakeCluster, brokerId: number): void {
  if (cluster.brokers.has(brokerId)) return;
  throw new MoldauError('UNKNOWN_BROKER', `no broker ${brokerId} is registered`, { broker_id: String(brokerId) });
}
