import { assert, type BrokerId, metadataVersion, type PartitionIndex, type TopicId } from '@moldau/kernel';
import type { List, Map as PersistentMap } from 'immutable';
import {
  type MetadataImage,
  NO_PARTITIONS,
  type PartitionImage,
  qualifiedKey,
  type ShardImage,
  type TopicImage,
} from './metadata-image.ts';
import { type ConfigTarget, configKey, parseKey, shardKey } from './metadata-keys.ts';
import {
  decodeBroker,
  decodeCluster,
  decodeConfig,
  decodeController,
  decodeCoordinator,
  decodeDeletedTopic,
  decodeFeatures,
  decodePartition,
  decodeProducerIds,
  decodeShard,
  decodeTopic,
} from './record-codec.ts';

/** One key and its new value. */
export interface KeyChange {
  /** Below the cluster's prefix. */
  readonly key: string;
  /** Undefined: deleted. */
  readonly value: Uint8Array | undefined;
  /** Revision of the change. */
  readonly revision: number;
}

/** What a change touched, for those who act on it. */
export interface ImageDelta {
  readonly brokers: ReadonlySet<BrokerId>;
  /** Topics whose record changed, came or went. */
  readonly topics: ReadonlySet<TopicId>;
  /** Indexes of partitions that changed, came or went, by topic. */
  readonly partitions: ReadonlyMap<TopicId, ReadonlySet<PartitionIndex>>;
  readonly configs: readonly ConfigTarget[];
  readonly deletedTopics: ReadonlySet<TopicId>;
  readonly controller: boolean;
  readonly coordinators: boolean;
  /** Owners of coordinator shards. */
  readonly shards: boolean;
  readonly cluster: boolean;
  readonly features: boolean;
}

/**
 * The image after all changes of one revision, or of a whole listing. The cost depends on the number of changes only.
 * Keys that this version does not know are left out. A revision below the image's is a bug of the caller.
 */
export function applyChanges(
  image: MetadataImage,
  revision: number,
  changes: readonly KeyChange[],
): { readonly image: MetadataImage; readonly delta: ImageDelta } {
  assert(revision >= image.version, 'the metadata never goes back', { revision, version: image.version });
  const draft = new Draft(image);
  for (const change of changes) draft.apply(change);
  return { image: draft.finish(revision), delta: draft.delta };
}

class Draft {
  readonly delta = {
    brokers: new Set<BrokerId>(),
    topics: new Set<TopicId>(),
    partitions: new Map<TopicId, Set<PartitionIndex>>(),
    configs: [] as ConfigTarget[],
    deletedTopics: new Set<TopicId>(),
    controller: false,
    coordinators: false,
    shards: false,
    cluster: false,
    features: false,
  };
  private readonly image: MetadataImage;
  private next: { -readonly [Field in keyof MetadataImage]: MetadataImage[Field] };
  /** Partitions by topic, applied last: within a listing they come before their topics. */
  private readonly partitions = new Map<TopicId, Map<PartitionIndex, PartitionImage | undefined>>();

  constructor(image: MetadataImage) {
    this.image = image;
    this.next = {
      ...image,
      coordinators: image.coordinators.asMutable(),
      brokers: image.brokers.asMutable(),
      topics: image.topics.asMutable(),
      topicIds: image.topicIds.asMutable(),
      configs: image.configs.asMutable(),
      deletedTopics: image.deletedTopics.asMutable(),
      shards: image.shards.asMutable(),
    };
  }

  apply({ key, value, revision }: KeyChange): void {
    const parsed = parseKey(key);
    if (parsed === undefined) return;
    const { next, delta } = this;
    const decoded = <Part>(decode: (bytes: Uint8Array, modRevision: number) => Part): Part | undefined =>
      value === undefined ? undefined : decode(value, revision);
    switch (parsed.kind) {
      case 'cluster':
        next.cluster = decoded(decodeCluster);
        delta.cluster = true;
        return;
      case 'features':
        next.features = decoded(decodeFeatures);
        delta.features = true;
        return;
      case 'controller':
        next.controller = decoded(decodeController);
        delta.controller = true;
        return;
      case 'producer-ids':
        next.producerIds = decoded(decodeProducerIds);
        return;
      case 'coordinator':
        next.coordinators = setOrDelete(next.coordinators, parsed.coordinatorId, decoded(decodeCoordinator));
        delta.coordinators = true;
        return;
      case 'broker':
        next.brokers = setOrDelete(next.brokers, parsed.brokerId, decoded(decodeBroker));
        delta.brokers.add(parsed.brokerId);
        return;
      case 'topic':
        this.setTopic(parsed.topicId, decoded(decodeTopic));
        return;
      case 'deleted-topic':
        next.deletedTopics = setOrDelete(next.deletedTopics, parsed.topicId, decoded(decodeDeletedTopic));
        delta.deletedTopics.add(parsed.topicId);
        return;
      case 'config':
        next.configs = setOrDelete(next.configs, configKey(parsed.target), decoded(decodeConfig));
        delta.configs.push(parsed.target);
        return;
      case 'shard':
        return this.setShard(shardKey(parsed.shardKind, parsed.shard), decoded(decodeShard));
      case 'partition': {
        const ofTopic = this.partitions.get(parsed.topicId) ?? new Map<PartitionIndex, PartitionImage | undefined>();
        this.partitions.set(parsed.topicId, ofTopic.set(parsed.partition, decoded(decodePartition)));
      }
    }
  }

  finish(revision: number): MetadataImage {
    for (const [topicId, changed] of this.partitions) this.setPartitions(topicId, changed);
    const { next, image } = this;
    return {
      ...next,
      version: metadataVersion(revision),
      coordinators: settled(image.coordinators, next.coordinators),
      brokers: settled(image.brokers, next.brokers),
      topics: settled(image.topics, next.topics),
      topicIds: settled(image.topicIds, next.topicIds),
      configs: settled(image.configs, next.configs),
      deletedTopics: settled(image.deletedTopics, next.deletedTopics),
      shards: settled(image.shards, next.shards),
    };
  }

  private setShard(key: string, shard: ShardImage | undefined): void {
    this.next.shards = setOrDelete(this.next.shards, key, shard);
    this.delta.shards = true;
  }

  private setTopic(topicId: TopicId, topic: TopicImage | undefined): void {
    const { next } = this;
    this.delta.topics.add(topicId);
    const before = next.topics.get(topicId);
    const nameBefore = before === undefined ? undefined : qualifiedKey(before.namespace, before.name);
    if (nameBefore !== undefined && next.topicIds.get(nameBefore) === topicId) next.topicIds = next.topicIds.delete(nameBefore);
    if (topic !== undefined && topic.state !== 'deleting')
      next.topicIds = next.topicIds.set(qualifiedKey(topic.namespace, topic.name), topicId);
    const partitions = before?.partitions ?? NO_PARTITIONS;
    next.topics = setOrDelete(next.topics, topicId, topic === undefined ? undefined : { ...topic, partitions });
  }

  private setPartitions(topicId: TopicId, changed: ReadonlyMap<PartitionIndex, PartitionImage | undefined>): void {
    this.delta.partitions.set(topicId, new Set(changed.keys()));
    const topic = this.next.topics.get(topicId);
    // A topic's record goes last; what is left of its partitions is nobody's.
    if (topic === undefined) return;
    const partitions = topic.partitions.withMutations((draft: List<PartitionImage | undefined>) => {
      for (const [index, partition] of changed) draft.set(index, partition);
    });
    this.next.topics = this.next.topics.set(topicId, { ...topic, partitions });
  }
}

interface Settable<Key, Value> {
  set(key: Key, value: Value): this;
  delete(key: Key): this;
}

function setOrDelete<Key, Value, Collection extends Settable<Key, Value>>(
  collection: Collection,
  key: Key,
  value: Value | undefined,
): Collection {
  return value === undefined ? collection.delete(key) : collection.set(key, value);
}

/** The changed map, or the old one itself where nothing changed, so that consumers may compare references. */
function settled<Key, Value>(before: PersistentMap<Key, Value>, draft: PersistentMap<Key, Value>): PersistentMap<Key, Value> {
  return draft.wasAltered() ? draft.asImmutable() : before;
}
