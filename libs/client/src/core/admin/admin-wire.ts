import {
  type ConfigEntry,
  type ConfigResource,
  ConfigSource,
  type DescribeClusterResponse,
  itemToError,
  type TopicDescription,
} from '@moldau/protocol';
import type { ConfigOrigin, ConfigTarget, DescribedCluster, DescribedConfig, DescribedTopic } from './admin-types.ts';

export function describedTopic(asked: string, { topic, replicationFactor, configs }: TopicDescription): DescribedTopic {
  return {
    name: topic === undefined || topic.name === '' ? asked : topic.name,
    topicId: topic?.topicId ?? '',
    internal: topic?.internal ?? false,
    replicationFactor,
    maxMessageBytes: topic?.maxMessageBytes ?? 0,
    partitions: (topic?.partitions ?? []).map(({ partition, leaderId, leaderEpoch, replicaIds, inSyncReplicaIds }) => ({
      partition,
      leaderId,
      leaderEpoch,
      replicaIds,
      inSyncReplicaIds,
    })),
    configs: Object.fromEntries(configs),
    error: topic?.error === undefined ? undefined : itemToError(topic.error),
  };
}

export function wireResource(target: ConfigTarget): ConfigResource {
  if ('topic' in target) return { resource: { $case: 'topic', value: target.topic } };
  if ('group' in target) return { resource: { $case: 'group', value: target.group } };
  if ('brokerId' in target) return { resource: { $case: 'brokerId', value: target.brokerId } };
  return { resource: { $case: 'clusterDefaults', value: {} } };
}

/** The resource an answer names, or the one asked for where it names none. */
export function configTarget(resource: ConfigResource | undefined, asked: ConfigTarget | undefined): ConfigTarget {
  const named = resource?.resource;
  if (named === undefined) return asked ?? { clusterDefaults: true };
  switch (named.$case) {
    case 'topic':
      return { topic: named.value };
    case 'brokerId':
      return { brokerId: named.value };
    case 'group':
      return { group: named.value };
    case 'clusterDefaults':
      return { clusterDefaults: true };
  }
}

export function describedConfig(entry: ConfigEntry): DescribedConfig {
  const { name, value, type, documentation, readOnly, defaultValue } = entry;
  return { name, value, source: configOrigin(entry.source), type, documentation, readOnly, defaultValue };
}

function configOrigin(source: ConfigSource): ConfigOrigin {
  switch (source) {
    case ConfigSource.DEFAULT:
      return 'default';
    case ConfigSource.STATIC_BROKER:
      return 'static-broker';
    case ConfigSource.CLUSTER_DEFAULT:
      return 'cluster-default';
    case ConfigSource.DYNAMIC_BROKER:
      return 'dynamic-broker';
    case ConfigSource.TOPIC:
      return 'topic';
    case ConfigSource.GROUP:
      return 'group';
    case ConfigSource.UNSPECIFIED:
    case ConfigSource.UNRECOGNIZED:
      return 'unknown';
  }
}

export function describedCluster(response: DescribeClusterResponse): DescribedCluster {
  return {
    clusterId: response.clusterId,
    metadataVersion: response.metadataVersion,
    brokers: response.brokers.map(({ broker, fenced, brokerEpoch, softwareVersion, cordoned, draining, shuttingDown, slowDisk }) => ({
      brokerId: broker?.brokerId ?? 0,
      host: broker?.host ?? '',
      port: broker?.port ?? 0,
      rack: broker?.rack,
      fenced,
      brokerEpoch,
      softwareVersion,
      cordoned,
      draining,
      shuttingDown,
      slowDisk: slowDisk ?? false,
    })),
    coordinators: response.coordinators.map(({ coordinatorId, address, controller }) => ({ coordinatorId, address, controller })),
    features: Object.fromEntries(response.features),
    topics: response.topics,
    partitions: response.partitions,
  };
}
