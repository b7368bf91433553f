import { type CallHandler, type MethodPath, MoldauError } from '@moldau/kernel';
import { adminService, errorToItem, unaryHandler } from '@moldau/protocol';
import type { FakeCluster } from './fake-cluster.ts';
import { fakePlacementHandlers } from './fake-placement.ts';

/** The part of AdminService that the specs of the client need. */
export function fakeAdminHandlers(cluster: FakeCluster): [MethodPath, CallHandler][] {
  return [...topicHandlers(cluster), ...clusterHandlers(cluster), ...fakePlacementHandlers(cluster)];
}

function topicHandlers(cluster: FakeCluster): [MethodPath, CallHandler][] {
  return [
    [
      adminService.createTopics.path,
      unaryHandler(adminService.createTopics, async ({ topics }) => ({
        results: topics.map(({ name, partitions = 1 }) => {
          if (cluster.topics.has(name)) {
            const error = errorToItem(new MoldauError('TOPIC_EXISTS', `topic '${name}' exists`, { topic: name }));
            return { name, topicId: '', partitions: 0, replicationFactor: 0, error };
          }
          const { topicId } = cluster.createTopic(name, partitions);
          return { name, topicId, partitions, replicationFactor: 1 };
        }),
      })),
    ],
    [
      adminService.deleteTopics.path,
      unaryHandler(adminService.deleteTopics, async ({ topics }) => ({
        results: topics.map((selector) => {
          const { name, topicId, error } = cluster.describeTopic(selector);
          if (error === undefined) cluster.deleteTopic(name);
          return { name, topicId, error };
        }),
      })),
    ],
    [
      adminService.listTopics.path,
      unaryHandler(adminService.listTopics, async ({ pageSize = 1000, pageToken }) => {
        const names = [...cluster.topics.keys()].sort().filter((name) => name > pageToken);
        const page = names.slice(0, pageSize);
        const topics = page.map((name) => {
          const topic = cluster.topics.get(name);
          return { name, topicId: topic?.topicId ?? '', partitions: topic?.partitions.length ?? 0, replicationFactor: 1, internal: false };
        });
        return { topics, nextPageToken: names.length > pageSize ? (page.at(-1) ?? '') : '' };
      }),
    ],
    [
      adminService.describeTopics.path,
      unaryHandler(adminService.describeTopics, async ({ topics }) => ({
        topics: topics.map((selector) => ({ topic: cluster.describeTopic(selector), replicationFactor: 1, configs: new Map() })),
      })),
    ],
  ];
}

function clusterHandlers(cluster: FakeCluster): [MethodPath, CallHandler][] {
  return [
    [
      adminService.deleteRecords.path,
      unaryHandler(adminService.deleteRecords, async ({ partitions }) => ({
        results: partitions.map(({ topicId, partition: index, before }) => {
          const partition = cluster.partition(topicId, index);
          partition.logStart = before?.$case === 'beforeOffset' ? before.value : partition.end;
          return { topicId, partition: index, logStartOffset: partition.logStart };
        }),
      })),
    ],
    [
      adminService.describeReplicas.path,
      unaryHandler(adminService.describeReplicas, async ({ partitions }) => ({
        results: partitions.map(({ topicId, partition: index }) => {
          const { logStart, end } = cluster.partition(topicId, index);
          const replicas = [{ brokerId: 0, inSync: true, endOffset: end, flushedOffset: end, lagRecords: 0, lagMs: 0 }];
          const ends = { logStartOffset: logStart, highWatermark: end, endOffset: end, sizeBytes: 0 };
          return { topicId, partition: index, leaderEpoch: 0, ...ends, replicas };
        }),
      })),
    ],
    [
      adminService.describeCluster.path,
      unaryHandler(adminService.describeCluster, async () => ({
        clusterId: '00000000-0000-4000-8000-000000000000',
        metadataVersion: 1,
        brokers: [...cluster.brokers].map(([brokerId, { host, port }]) => ({
          broker: { brokerId, host, port },
          fenced: false,
          brokerEpoch: 1,
          softwareVersion: 'fake',
          cordoned: false,
          draining: false,
          shuttingDown: false,
        })),
        coordinators: [],
        features: new Map([['metadata', 1]]),
        topics: cluster.topics.size,
        partitions: [...cluster.topics.values()].reduce((sum, { partitions }) => sum + partitions.length, 0),
      })),
    ],
  ];
}
