import { DEFAULT_NAMESPACE, MoldauError } from '@moldau/kernel';
import { clusterValue } from '../config/describe-configs.ts';
import type { MetadataImage } from '../image/metadata-image.ts';
import { SHARD_BATCH_BYTES_MAX, SHARD_TOPICS, type ShardKindName } from '../image/shard-kind.ts';
import { createTopic, type NewTopicPlan, type TopicContext } from './create-topic.ts';
import { placeableBrokers } from './place-replicas.ts';

/** Whatever the cluster's defaults are: what coordinators have answered must not be lost, and stays as long as its key lives. */
const SHARD_TOPIC_CONFIGS: ReadonlyMap<string, string> = new Map([
  ['cleanup.policy', 'compact'],
  ['flush', 'sync'],
  ['message.timestamp.type', 'CreateTime'],
  ['max.message.bytes', String(SHARD_BATCH_BYTES_MAX)],
  // A shard that is being loaded has read a record and must still find the tombstone that ends it.
  ['delete.retention.ms', '86400000'],
  // Whatever the clocks of coordinators and brokers say of each other.
  ['message.timestamp.before.max.ms', String(Number.MAX_SAFE_INTEGER)],
  ['message.timestamp.after.max.ms', String(Number.MAX_SAFE_INTEGER)],
]);

/**
 * How the internal topic of a kind of shards is created: a partition for each shard, and as many replicas as topics have that
 * don't say.
 *
 * @throws MoldauError NOT_ENOUGH_BROKERS, and TOPIC_EXISTS when it is there
 */
export function createShardTopic(image: MetadataImage, kind: ShardKindName, context: TopicContext): NewTopicPlan {
  const name = SHARD_TOPICS[kind];
  const replicationFactor = Number(clusterValue(image, 'default.replication.factor', context.fixed));
  const available = placeableBrokers(image).length;
  if (available < replicationFactor) {
    const facts = { topic: name, replication_factor: String(replicationFactor), limit: String(available) };
    throw new MoldauError('NOT_ENOUGH_BROKERS', `'${name}' needs ${replicationFactor} brokers: ${available} serve`, facts);
  }
  const partitions = image.cluster?.shards;
  const request = { namespace: DEFAULT_NAMESPACE, name, partitions, replicationFactor, configs: SHARD_TOPIC_CONFIGS, internal: true };
  return createTopic(image, request, context);
}
