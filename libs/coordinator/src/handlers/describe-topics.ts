import { clusterTopicDefaults, configKey, type MetadataImage, type TopicImage, topicSettings } from '@moldau/cluster';
import { MoldauError } from '@moldau/kernel';
import type { DescribeTopicsRequest, DescribeTopicsResponse, PartitionMetadata, TopicDescription } from '@moldau/protocol';
import { namedBy } from './delete-topics.ts';
import { findTopic } from './find-topic.ts';
import { assertItems, perItem } from './per-item.ts';
import type { RequestContext } from './request-context.ts';

/** DescribeTopics: the topics with the partitions that clients may see. */
export async function describeTopics(request: DescribeTopicsRequest, context: RequestContext): Promise<DescribeTopicsResponse> {
  assertItems('topics', request.topics.length);
  const image = context.keeper.image();
  const topics = await perItem(
    request.topics,
    (selector) => describe(image, findTopic(image, context.namespace, selector), context),
    (selector, error): TopicDescription => ({
      topic: { ...namedBy(selector), internal: false, partitions: [], maxMessageBytes: 0, error },
      replicationFactor: 0,
      configs: new Map(),
    }),
  );
  return { topics };
}

function describe(image: MetadataImage, topic: TopicImage, { settings }: RequestContext): TopicDescription {
  const { name, topicId, internal, replicationFactor, namespace } = topic;
  if (topic.readyPartitions === 0) throw new MoldauError('UNKNOWN_TOPIC', `topic '${name}' is being created`, { name, namespace });
  const own = image.configs.get(configKey({ kind: 'topic', topicId }))?.values;
  const { maxMessageBytes } = topicSettings(own, clusterTopicDefaults(image, settings.fixedConfigs));
  const partitions = topic.partitions
    .take(topic.readyPartitions)
    .toArray()
    .map(
      (partition, index): PartitionMetadata => ({
        partition: index,
        leaderId: partition?.leader,
        leaderEpoch: partition?.leaderEpoch ?? 0,
        replicaIds: [...(partition?.replicas ?? [])],
        inSyncReplicaIds: [...(partition?.isr ?? [])],
      }),
    );
  return { topic: { topicId, name, internal, partitions, maxMessageBytes }, replicationFactor, configs: new Map(own) };
}
