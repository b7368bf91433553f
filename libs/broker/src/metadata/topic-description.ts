import { isVisible, type MetadataImage, type PartitionImage, type TopicImage, topicByName } from '@moldau/cluster';
import { isUuid, MoldauError, type Namespace, parseTopicName, topicId as toTopicId } from '@moldau/kernel';
import { type BrokerMetadata, errorToItem, type PartitionMetadata, type TopicMetadata, type TopicSelector } from '@moldau/protocol';
import type { TopicSettingsCache } from '../partition/topic-settings.ts';

/** The topic as clients may see it; undefined while it is being created or deleted, or in another namespace. */
export function visibleTopic(image: MetadataImage, namespace: Namespace, selector: TopicSelector): TopicImage | undefined {
  const { selector: which } = selector;
  if (which === undefined) throw new MoldauError('INVALID_REQUEST', 'a topic selector names nothing', { field: 'selector' });
  const topic =
    which.$case === 'name'
      ? topicByName(image, namespace, parseTopicName(which.value))
      : isUuid(which.value)
        ? image.topics.get(toTopicId(which.value))
        : undefined;
  return topic !== undefined && isVisible(topic, namespace) ? topic : undefined;
}

/** A topic with its partitions, as the API shows it. */
export function describeTopic(image: MetadataImage, topic: TopicImage, settings: TopicSettingsCache): TopicMetadata {
  const partitions: PartitionMetadata[] = [];
  for (let index = 0; index < topic.readyPartitions; index += 1) {
    const partition = topic.partitions.get(index);
    if (partition !== undefined) partitions.push(describePartition(index, partition));
  }
  return {
    topicId: topic.topicId,
    name: topic.name,
    internal: topic.internal,
    partitions,
    maxMessageBytes: settings.of(image, topic.topicId).maxMessageBytes,
    error: undefined,
  };
}

/** The topic a selector names, or the item that says why there is none. */
export function describeSelected(
  image: MetadataImage,
  namespace: Namespace,
  selector: TopicSelector,
  settings: TopicSettingsCache,
): TopicMetadata {
  try {
    const topic = visibleTopic(image, namespace, selector);
    return topic === undefined ? missingTopic(selector) : describeTopic(image, topic, settings);
  } catch (caught) {
    const error = MoldauError.from(caught);
    if (error.reason !== 'INVALID_TOPIC_NAME') throw error;
    return { ...missingTopic(selector), error: errorToItem(error) };
  }
}

/** The item for a topic that is not there. */
export function missingTopic({ selector }: TopicSelector): TopicMetadata {
  const name = selector?.$case === 'name' ? selector.value : '';
  const value = selector?.value ?? '';
  const error = new MoldauError('UNKNOWN_TOPIC', `no topic '${value}' in this namespace`, { topic: value });
  return { topicId: '', name, internal: false, partitions: [], maxMessageBytes: 0, error: errorToItem(error) };
}

/** The brokers that serve clients of the listener now, by id. */
export function describeBrokers(image: MetadataImage, listener: string): BrokerMetadata[] {
  const brokers: BrokerMetadata[] = [];
  for (const { brokerId, endpoints, fenced, rack } of image.brokers.values()) {
    const endpoint = endpoints.get(listener);
    if (!fenced && endpoint !== undefined) brokers.push({ brokerId, host: endpoint.host, port: endpoint.port, rack });
  }
  return brokers.sort((left, right) => left.brokerId - right.brokerId);
}

function describePartition(index: number, { leader, leaderEpoch, replicas, isr }: PartitionImage): PartitionMetadata {
  return { partition: index, leaderId: leader, leaderEpoch, replicaIds: [...replicas], inSyncReplicaIds: [...isr] };
}
