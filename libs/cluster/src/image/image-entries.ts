import { partitionIndex } from '@moldau/kernel';
import type { KeyChange } from './apply-changes.ts';
import type { MetadataImage, Stored } from './metadata-image.ts';
import {
  brokerKey,
  CLUSTER_KEY,
  CONTROLLER_KEY,
  coordinatorKey,
  deletedTopicKey,
  FEATURES_KEY,
  PRODUCER_IDS_KEY,
  partitionRecordKey,
  topicKey,
} from './metadata-keys.ts';

/** All that an image holds as changes of the empty image: what a snapshot for a broker is made of. */
export function* imageEntries(image: MetadataImage): Generator<KeyChange & { readonly value: Uint8Array }> {
  const entry = (key: string, stored: Stored) => ({ key, value: stored.bytes, revision: stored.modRevision });
  if (image.cluster !== undefined) yield entry(CLUSTER_KEY, image.cluster);
  if (image.features !== undefined) yield entry(FEATURES_KEY, image.features);
  if (image.controller !== undefined) yield entry(CONTROLLER_KEY, image.controller);
  if (image.producerIds !== undefined) yield entry(PRODUCER_IDS_KEY, image.producerIds);
  for (const [id, coordinator] of image.coordinators) yield entry(coordinatorKey(id), coordinator);
  for (const [id, broker] of image.brokers) yield entry(brokerKey(id), broker);
  for (const [key, config] of image.configs) yield entry(key, config);
  for (const [key, shard] of image.shards) yield entry(key, shard);
  for (const [id, deleted] of image.deletedTopics) yield entry(deletedTopicKey(id), deleted);
  for (const [id, topic] of image.topics) {
    yield entry(topicKey(id), topic);
    for (const [index, partition] of topic.partitions.entries()) {
      if (partition !== undefined) yield entry(partitionRecordKey(id, partitionIndex(index)), partition);
    }
  }
}
