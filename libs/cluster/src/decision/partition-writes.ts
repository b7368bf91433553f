import { brokerEpoch, leaderEpoch, partitionEpoch, partitionIndex, present, type Random, type TopicId } from '@moldau/kernel';
import { clusterTopicDefaults, type StaticConfigs } from '../config/describe-configs.ts';
import { topicSettings } from '../config/topic-config.ts';
import type { MetadataImage, TopicImage } from '../image/metadata-image.ts';
import { configKey, partitionRecordKey } from '../image/metadata-keys.ts';
import { encodePartition } from '../image/record-codec.ts';
import { placeableBrokers, placeReplicas } from './place-replicas.ts';
import type { RecordWrite } from './record-write.ts';
import { ReplicaLoad } from './replica-load.ts';
import type { PartitionSettings } from './settle-partition.ts';

/** What partitions take from these settings of their topic. */
export function partitionSettings(
  image: MetadataImage,
  own: ReadonlyMap<string, string> | undefined,
  replicationFactor: number,
  fixed: StaticConfigs,
): PartitionSettings {
  const { minInsyncReplicas, flush } = topicSettings(own, clusterTopicDefaults(image, fixed));
  return { minIsr: Math.min(minInsyncReplicas, replicationFactor), flush };
}

/** The same for a topic of the image. */
export function settingsOfTopic(image: MetadataImage, topic: TopicImage, fixed: StaticConfigs): PartitionSettings {
  const own = image.configs.get(configKey({ kind: 'topic', topicId: topic.topicId }))?.values;
  return partitionSettings(image, own, topic.replicationFactor, fixed);
}

/**
 * Records of new partitions: all replicas are in sync, as they are all empty, and the first leads.
 * @throws MoldauError INVALID_REPLICATION_FACTOR when too few brokers serve
 */
export function newPartitionWrites(
  image: MetadataImage,
  topic: { readonly topicId: TopicId; readonly replicationFactor: number },
  indexes: readonly number[],
  settings: PartitionSettings,
  random: Random,
): RecordWrite[] {
  const brokers = placeableBrokers(image);
  const { replicationFactor } = topic;
  const known = image.topics.get(topic.topicId);
  const load = ReplicaLoad.of(known === undefined ? [] : [known]);
  const placed = placeReplicas(brokers, indexes.length, { replicationFactor, random, load });
  return indexes.map((index, i) => {
    const replicas = present(placed[i], 'every partition is placed');
    const leader = present(replicas[0], 'a partition has replicas');
    const value = encodePartition(
      {
        leader,
        leaderEpoch: leaderEpoch(0),
        partitionEpoch: partitionEpoch(0),
        leaderBrokerEpoch: image.brokers.get(leader)?.brokerEpoch ?? brokerEpoch(0),
        replicas,
        isr: replicas,
        elr: [],
        lastKnownElr: [],
        lastKnownEnds: [],
        minIsr: settings.minIsr,
        flush: settings.flush,
        adding: [],
        removing: [],
        lossyEpoch: undefined,
      },
      undefined,
    );
    return { key: partitionRecordKey(topic.topicId, partitionIndex(index)), value, expected: 'absent' };
  });
}
