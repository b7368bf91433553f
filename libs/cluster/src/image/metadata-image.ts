import {
  type BrokerEpoch,
  type BrokerId,
  type ClusterId,
  type ControllerEpoch,
  type CoordinatorId,
  type DirectoryId,
  type LeaderEpoch,
  type MetadataVersion,
  metadataVersion,
  type Namespace,
  type PartitionEpoch,
  type PartitionIndex,
  type ProducerId,
  type TopicId,
  type TopicName,
} from '@moldau/kernel';
import { List, Map as PersistentMap } from 'immutable';

/** What every part of the image says of its key in the store. */
export interface Stored {
  /** Revision of the key's newest change, for comparisons. */
  readonly modRevision: number;
  /** The encoded record as it was read. */
  readonly bytes: Uint8Array;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface BrokerImage extends Stored {
  readonly brokerId: BrokerId;
  readonly directoryId: DirectoryId;
  /** UUID of this life of the process. */
  readonly incarnationId: string;
  /** By listener: `client`, `internal`. */
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly rack: string | undefined;
  /** Registered, but not serving. */
  readonly fenced: boolean;
  /** Takes no new replicas. */
  readonly cordoned: boolean;
  /** Its replicas are being moved to other brokers. */
  readonly draining: boolean;
  /** Its disk flushes much slower than others': others lead, and are in sync, where there are enough of them. */
  readonly slowDisk: boolean;
  readonly shuttingDown: boolean;
  readonly brokerEpoch: BrokerEpoch;
  readonly softwareVersion: string;
}

export type TopicLifeState = 'creating' | 'active' | 'deleting';

export interface TopicImage extends Stored {
  readonly topicId: TopicId;
  readonly namespace: Namespace;
  readonly name: TopicName;
  readonly state: TopicLifeState;
  /** Partitions it has, or will have once it is active. */
  readonly partitionCount: number;
  /** Partitions that clients may see: all of an active topic, the old ones while partitions are added, else none. */
  readonly readyPartitions: number;
  readonly replicationFactor: number;
  readonly createdAtMs: number;
  readonly internal: boolean;
  /** By index; undefined where none is written, which happens only while it is being created or deleted. */
  readonly partitions: List<PartitionImage | undefined>;
}

export type FlushMode = 'sync' | 'async';
/**
 * `syncing`: from async to sync. Acknowledgements wait for flushes already; what was acknowledged before may not be flushed
 * everywhere yet, so logs are judged as with async until the leader says that the ISR has flushed all of it.
 */
export type PartitionFlush = FlushMode | 'syncing';

export interface PartitionImage extends Stored {
  /** Undefined: none at the moment. */
  readonly leader: BrokerId | undefined;
  readonly leaderEpoch: LeaderEpoch;
  readonly partitionEpoch: PartitionEpoch;
  /** Broker epoch of the leader when it was elected: it leads in no other life. */
  readonly leaderBrokerEpoch: BrokerEpoch;
  /** The preferred leader first. */
  readonly replicas: readonly BrokerId[];
  readonly isr: readonly BrokerId[];
  readonly elr: readonly BrokerId[];
  /** Members of ISR and ELR whose logs are in doubt since they restarted; the longest of them leads when nobody else is left. */
  readonly lastKnownElr: readonly BrokerId[];
  /** Where their logs end, in the same order. */
  readonly lastKnownEnds: readonly LogEnd[];
  readonly minIsr: number;
  readonly flush: PartitionFlush;
  readonly adding: readonly BrokerId[];
  readonly removing: readonly BrokerId[];
  /**
   * The newest leader epoch that an election began which may have lost acknowledged records: a replica whose log ends in an
   * older one may then truncate below its high watermark. Undefined: none ever did.
   */
  readonly lossyEpoch: LeaderEpoch | undefined;
}

/**
 * Stands for where a damaged log ends: the last that had any right to lead, which nobody else can do in its place. It is led
 * again once it was repaired, or by an unclean election.
 */
export const DAMAGED_END: LogEnd = { lastEpoch: -1, endOffset: -1 };

/** Where a replica's log ends. */
export interface LogEnd {
  /** Leader epoch of its last batch; -1 when it is empty. */
  readonly lastEpoch: number;
  /** The next offset it would take; -1: it is damaged (`DAMAGED_END`). */
  readonly endOffset: number;
}

/** Settings of one target that differ from the defaults. */
export interface ConfigImage extends Stored {
  readonly values: ReadonlyMap<string, string>;
}

export interface DeletedTopicImage extends Stored {
  readonly topicId: TopicId;
  readonly deletedAtMs: number;
  /** Brokers that have yet to remove its data. */
  readonly brokerIds: readonly BrokerId[];
}

export interface CoordinatorImage extends Stored {
  readonly coordinatorId: CoordinatorId;
  /** `host:port` of its internal listener. */
  readonly address: string;
}

export interface ControllerImage extends CoordinatorImage {
  readonly epoch: ControllerEpoch;
}

export interface ClusterImage extends Stored {
  readonly clusterId: ClusterId;
  readonly createdAtMs: number;
  /** Shards of each kind, fixed for good. */
  readonly shards: number;
}

/** Who owns a coordinator shard. */
export interface ShardImage extends Stored {
  /** Undefined: nobody at the moment. */
  readonly owner: ShardOwnerImage | undefined;
  /** Rises with every change of owner; 0 never comes. */
  readonly shardEpoch: number;
}

export interface ShardOwnerImage {
  readonly coordinatorId: CoordinatorId;
  /** Revision of the key by which this life of the instance announced itself: in another it owns nothing. */
  readonly coordinatorEpoch: number;
  /** `host:port` of its internal listener. */
  readonly address: string;
}

export interface FeaturesImage extends Stored {
  readonly levels: ReadonlyMap<string, number>;
}

export interface ProducerIdsImage extends Stored {
  /** First id not handed out yet. */
  readonly next: ProducerId;
}

/** All metadata at one version. Immutable: a change makes a new image that shares what did not change. */
export interface MetadataImage {
  readonly version: MetadataVersion;
  readonly cluster: ClusterImage | undefined;
  readonly features: FeaturesImage | undefined;
  readonly controller: ControllerImage | undefined;
  readonly producerIds: ProducerIdsImage | undefined;
  readonly coordinators: PersistentMap<CoordinatorId, CoordinatorImage>;
  readonly brokers: PersistentMap<BrokerId, BrokerImage>;
  readonly topics: PersistentMap<TopicId, TopicImage>;
  /** By `<namespace>/<name>`, of topics that are not being deleted. */
  readonly topicIds: PersistentMap<string, TopicId>;
  /** By the key of the target, see `configKey`. */
  readonly configs: PersistentMap<string, ConfigImage>;
  readonly deletedTopics: PersistentMap<TopicId, DeletedTopicImage>;
  /** By `shardKey`. */
  readonly shards: PersistentMap<string, ShardImage>;
}

export const EMPTY_IMAGE: MetadataImage = {
  version: metadataVersion(0),
  cluster: undefined,
  features: undefined,
  controller: undefined,
  producerIds: undefined,
  coordinators: PersistentMap(),
  brokers: PersistentMap(),
  topics: PersistentMap(),
  topicIds: PersistentMap(),
  configs: PersistentMap(),
  deletedTopics: PersistentMap(),
  shards: PersistentMap(),
};

export const NO_PARTITIONS: List<PartitionImage | undefined> = List();

export function qualifiedKey(namespace: Namespace, name: TopicName): string {
  return `${namespace}/${name}`;
}

/** The topic of this name that is not being deleted. */
export function topicByName(image: MetadataImage, namespace: Namespace, name: TopicName): TopicImage | undefined {
  const id = image.topicIds.get(qualifiedKey(namespace, name));
  return id === undefined ? undefined : image.topics.get(id);
}

export function partitionOf(image: MetadataImage, topicId: TopicId, partition: PartitionIndex): PartitionImage | undefined {
  return image.topics.get(topicId)?.partitions.get(partition);
}

/** Whether the broker is registered, serving, and in this life of it. */
export function isServing(broker: BrokerImage | undefined): broker is BrokerImage {
  return broker !== undefined && !broker.fenced;
}
