import { type BrokerId, MoldauError, partitionIndex, type TopicId } from '@moldau/kernel';
import type { MetadataImage, TopicImage } from '../image/metadata-image.ts';
import { configKey, deletedTopicKey, partitionRecordKey, topicKey, topicNameKey } from '../image/metadata-keys.ts';
import { encodeDeletedTopic, encodePartition, encodeTopic } from '../image/record-codec.ts';
import { checkPartitions, range, type TopicContext } from './create-topic.ts';
import { assertNotInternal } from './internal-topic.ts';
import { newPartitionWrites, settingsOfTopic } from './partition-writes.ts';
import { placeableBrokers, tooFewBrokers } from './place-replicas.ts';
import { asRead, type RecordWrite, WRITES_PER_TRANSACTION_MAX } from './record-write.ts';
import { settlePartition } from './settle-partition.ts';

/**
 * The first transaction of adding partitions: the topic is CREATING, clients see the old number, `topicProgress` does the rest.
 * @throws MoldauError INTERNAL_TOPIC, INVALID_PARTITIONS, INVALID_REPLICATION_FACTOR, TOPIC_BEING_DELETED, CONCURRENT_CHANGE
 */
export function addPartitions(image: MetadataImage, topic: TopicImage, total: number): readonly RecordWrite[] {
  assertNotDeleting(topic);
  assertNotInternal(topic, 'it gets no further partitions');
  if (topic.state === 'creating')
    throw new MoldauError('CONCURRENT_CHANGE', `topic '${topic.name}' is getting partitions already`, { name: topic.name });
  checkPartitions(total);
  if (total <= topic.partitionCount) {
    const facts = { name: topic.name, partitions: String(total), limit: String(topic.partitionCount) };
    throw new MoldauError(
      'INVALID_PARTITIONS',
      `topic '${topic.name}' has ${topic.partitionCount} partitions, ${total} is not more`,
      facts,
    );
  }
  const available = placeableBrokers(image).length;
  if (available < topic.replicationFactor) throw tooFewBrokers(topic.replicationFactor, available);
  const value = encodeTopic({ state: 'creating', partitionCount: total, readyPartitions: topic.partitionCount }, topic);
  return [{ key: topicKey(topic.topicId), value, expected: topic.modRevision }];
}

/**
 * The first transaction of a deletion: from it on the topic is gone for clients, its name is free, and brokers may remove its
 * data. `topicProgress` removes the rest of its records.
 * @throws MoldauError TOPIC_BEING_DELETED, INTERNAL_TOPIC
 */
export function deleteTopic(topic: TopicImage, wallMs: number): readonly RecordWrite[] {
  assertNotDeleting(topic);
  assertNotInternal(topic, 'it is not deleted');
  const { topicId } = topic;
  const brokerIds = new Set<BrokerId>();
  for (const partition of topic.partitions) for (const id of partition?.replicas ?? []) brokerIds.add(id);
  const deleted = encodeDeletedTopic(
    { topicId, deletedAtMs: wallMs, brokerIds: [...brokerIds].sort((left, right) => left - right) },
    undefined,
  );
  const value = encodeTopic({ state: 'deleting', partitionCount: topic.partitionCount }, topic);
  return [
    { key: topicKey(topicId), value, expected: topic.modRevision },
    { key: topicNameKey(topic.namespace, topic.name), value: undefined, expected: 'any' },
    { key: deletedTopicKey(topicId), value: deleted, expected: 'any' },
  ];
}

/** What is left to do for a topic. */
export type TopicProgress =
  | { readonly kind: 'done' }
  /** Waits for brokers. */
  | { readonly kind: 'blocked'; readonly error: MoldauError }
  /** What comes next: one transaction, or, where it is more than one takes, any number of them in any order. */
  | { readonly kind: 'writes'; readonly writes: readonly RecordWrite[] };

export interface ProgressContext extends Pick<TopicContext, 'random' | 'fixed'> {
  /** Most writes wanted, at least one transaction's. Default one transaction's. */
  readonly limit?: number;
}

/**
 * The next writes that bring a topic nearer to its recorded state: partitions of one that is being created, removal of
 * one that is being deleted, leaders and settings of one that serves. It reads the image alone, so any controller goes on
 * where another stopped.
 */
export function topicProgress(image: MetadataImage, topicId: TopicId, context: ProgressContext): TopicProgress {
  const limit = context.limit ?? WRITES_PER_TRANSACTION_MAX;
  const topic = image.topics.get(topicId);
  if (topic === undefined) return { kind: 'done' };
  switch (topic.state) {
    case 'creating':
      return createProgress(image, topic, { ...context, limit });
    case 'deleting':
      return { kind: 'writes', writes: deleteStep(image, topic, limit) };
    case 'active': {
      const writes = settleWrites(image, topic, { ...context, limit });
      return writes.length === 0 ? { kind: 'done' } : { kind: 'writes', writes };
    }
  }
}

function createProgress(image: MetadataImage, topic: TopicImage, context: Required<ProgressContext>): TopicProgress {
  const missing = range(0, topic.partitionCount).filter((index) => topic.partitions.get(index) === undefined);
  const settled = settleWrites(image, topic, context);
  if (settled.length > 0) return { kind: 'writes', writes: settled };
  if (missing.length === 0) {
    const value = encodeTopic({ state: 'active', partitionCount: topic.partitionCount, readyPartitions: topic.partitionCount }, topic);
    return { kind: 'writes', writes: [{ key: topicKey(topic.topicId), value, expected: topic.modRevision }] };
  }
  const available = placeableBrokers(image).length;
  if (available < topic.replicationFactor) return { kind: 'blocked', error: tooFewBrokers(topic.replicationFactor, available) };
  const settings = settingsOfTopic(image, topic, context.fixed);
  const writes = newPartitionWrites(image, topic, missing.slice(0, context.limit), settings, context.random);
  return { kind: 'writes', writes };
}

/** The topic's own record goes last, in a transaction with what is left of its partitions. */
function deleteStep(image: MetadataImage, topic: TopicImage, limit: number): RecordWrite[] {
  const writes: RecordWrite[] = [];
  for (const [index, partition] of topic.partitions.entries()) {
    if (partition === undefined) continue;
    if (writes.length === limit) return writes;
    writes.push({ key: partitionRecordKey(topic.topicId, partitionIndex(index)), value: undefined, expected: partition.modRevision });
  }
  const config = { kind: 'topic', topicId: topic.topicId } as const;
  const last: RecordWrite[] = [{ key: topicKey(topic.topicId), value: undefined, expected: topic.modRevision }];
  if (image.configs.has(configKey(config))) last.push({ key: configKey(config), value: undefined, expected: 'any' });
  return writes.length + last.length <= WRITES_PER_TRANSACTION_MAX ? [...writes, ...last] : writes;
}

/** Partitions whose record should be another. */
function settleWrites(image: MetadataImage, topic: TopicImage, context: Pick<Required<ProgressContext>, 'fixed' | 'limit'>): RecordWrite[] {
  const settings = settingsOfTopic(image, topic, context.fixed);
  const writes: RecordWrite[] = [];
  for (const [index, partition] of topic.partitions.entries()) {
    if (partition === undefined) continue;
    const state = settlePartition(partition, image.brokers, settings);
    if (state === undefined) continue;
    const key = partitionRecordKey(topic.topicId, partitionIndex(index));
    writes.push({ key, value: encodePartition(state, partition), expected: asRead(partition) });
    if (writes.length === context.limit) break;
  }
  return writes;
}

function assertNotDeleting(topic: TopicImage): void {
  if (topic.state === 'deleting')
    throw new MoldauError('TOPIC_BEING_DELETED', `topic '${topic.name}' is being deleted`, { name: topic.name });
}
