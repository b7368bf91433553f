import { isVisible, type MetadataImage, topicByName } from '@moldau/cluster';
import { MoldauError, type Namespace, type PartitionIndex, parseTopicName, type TopicId } from '@moldau/kernel';
import type { TopicPartitionsByName } from '@moldau/protocol';
import { assertCount } from '../produce/produce-terms.ts';

const PARTITIONS_MAX = 10_000;

/** A partition that was named: where it is, or why there is none. */
export interface NamedPartition {
  readonly topic: string;
  readonly partition: PartitionIndex;
  /** Undefined with an error. */
  readonly topicId: TopicId | undefined;
  readonly error: MoldauError | undefined;
}

/**
 * Partitions that a request names by their topics, in its order. A topic that is not known stands for itself once, as partition 0,
 * when none of its partitions is named.
 *
 * @throws MoldauError INVALID_REQUEST when there are too many
 */
export function namedPartitions(
  image: MetadataImage,
  namespace: Namespace,
  topics: readonly TopicPartitionsByName[],
): readonly NamedPartition[] {
  const named: NamedPartition[] = [];
  for (const { topic: name, partitions } of topics) {
    const topic = topicNamed(image, namespace, name);
    const count = topic?.readyPartitions ?? 1;
    const indexes = partitions.length > 0 ? partitions : Array.from({ length: count }, (_, index) => index);
    assertCount('partitions', named.length + indexes.length, PARTITIONS_MAX);
    for (const index of indexes) {
      const partition = index as PartitionIndex;
      const facts = { topic: name, partition: String(index) };
      if (topic === undefined) {
        const error = new MoldauError('UNKNOWN_TOPIC', `no topic '${name}' in this namespace`, facts);
        named.push({ topic: name, partition, topicId: undefined, error });
      } else if (index < 0 || index >= count) {
        const text = `topic '${name}' has ${count} partitions, none of index ${index}`;
        const error = new MoldauError('UNKNOWN_PARTITION', text, { ...facts, limit: String(count - 1) });
        named.push({ topic: name, partition, topicId: undefined, error });
      } else named.push({ topic: name, partition, topicId: topic.topicId, error: undefined });
    }
  }
  return named;
}

function topicNamed(
  image: MetadataImage,
  namespace: Namespace,
  name: string,
): { readonly topicId: TopicId; readonly readyPartitions: number } | undefined {
  try {
    const topic = topicByName(image, namespace, parseTopicName(name));
    return topic !== undefined && isVisible(topic, namespace) ? topic : undefined;
  } catch (caught) {
    if (caught instanceof MoldauError) return undefined;
    throw caught;
  }
}
