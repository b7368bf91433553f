export { BROKER_SETTINGS, CLUSTER_ONLY_SETTINGS } from './config/broker-config.ts';
export {
  brokerValues,
  type ConfigSource,
  clusterTopicDefaults,
  clusterValue,
  type DescribedConfig,
  describeConfigs,
  registryFor,
  type StaticConfigs,
} from './config/describe-configs.ts';
export { GROUP_CONFIG_SETTINGS } from './config/group-config.ts';
export { describeLimits, invalidConfig, type Setting, type SettingProblem, settingFault } from './config/setting.ts';
export { TOPIC_SETTINGS, type TopicSettings, topicConfigProblems, topicSettings } from './config/topic-config.ts';
export { alterConfigs, assertTargetExists, CONFIG_CHANGES_MAX, type ConfigChanges } from './decision/alter-configs.ts';
export { alterIsr, type BrokerLife, type IsrDecision, type IsrProposal } from './decision/alter-isr.ts';
export { assignShards, isLiveOwner } from './decision/assign-shards.ts';
export { type BalanceOptions, balanceLeaders, electPreferred } from './decision/balance-leaders.ts';
export {
  type BrokerRegistration,
  changeBrokerState,
  finishedDeletions,
  holdsAnything,
  leadsMovable,
  registerBroker,
  reportRemoved,
} from './decision/broker-life.ts';
export { addPartitions, deleteTopic, type ProgressContext, type TopicProgress, topicProgress } from './decision/change-topic.ts';
export { createShardTopic } from './decision/create-shard-topic.ts';
export {
  createTopic,
  type NewTopicPlan,
  type NewTopicRequest,
  PARTITIONS_MAX,
  type TopicContext,
} from './decision/create-topic.ts';
export {
  assertDrainable,
  type DrainProgress,
  drainProgress,
  drainWrites,
  movesFrom,
  type PartitionPlace,
} from './decision/drain-broker.ts';
export type { BrokersById } from './decision/partition-change.ts';
export { type PlacementOptions, placeableBrokers, placeReplicas, REPLICATION_FACTOR_MAX } from './decision/place-replicas.ts';
export { allocateProducerIds, PRODUCER_ID_BLOCK } from './decision/producer-ids.ts';
export { beginReassignment, cancelReassignment, isReassigning, targetReplicas } from './decision/reassign-partition.ts';
export { type Expected, type RecordWrite, WRITES_PER_TRANSACTION_MAX } from './decision/record-write.ts';
export { removeBroker } from './decision/remove-broker.ts';
export {
  damageWrites,
  partitionWrite,
  type ReplicaReport,
  type ReportedReplica,
  stripRights,
  suspendRights,
} from './decision/replica-rights.ts';
export { electUncleanly, type PartitionSettings, settlePartition } from './decision/settle-partition.ts';
export { hasDispensable, maySlowDown } from './decision/slow-disks.ts';
export { applyChanges, type ImageDelta, type KeyChange } from './image/apply-changes.ts';
export { imageEntries } from './image/image-entries.ts';
export { isVisible, listTopics, visibleTopics } from './image/list-topics.ts';
export {
  type BrokerImage,
  type ClusterImage,
  type ConfigImage,
  type ControllerImage,
  type CoordinatorImage,
  type DeletedTopicImage,
  EMPTY_IMAGE,
  type Endpoint,
  type FeaturesImage,
  type FlushMode,
  isServing,
  type LogEnd,
  type MetadataImage,
  type PartitionFlush,
  type PartitionImage,
  type ProducerIdsImage,
  partitionOf,
  type ShardImage,
  type ShardOwnerImage,
  type Stored,
  type TopicImage,
  type TopicLifeState,
  topicByName,
} from './image/metadata-image.ts';
export {
  brokerKey,
  CLUSTER_KEY,
  CONTROLLER_KEY,
  type ConfigTarget,
  clusterPrefix,
  configKey,
  coordinatorKey,
  deletedTopicKey,
  FEATURES_KEY,
  type ParsedKey,
  PRODUCER_IDS_KEY,
  parseKey,
  partitionRecordKey,
  shardKey,
  topicKey,
  topicNameKey,
} from './image/metadata-keys.ts';
export {
  type BrokerStateChange,
  encodeBrokerState,
  encodeCluster,
  encodeConfig,
  encodeController,
  encodeCoordinator,
  encodePartition,
  encodeShard,
  encodeTopic,
  type PartitionState,
} from './image/record-codec.ts';
export {
  SHARD_BATCH_BYTES_MAX,
  SHARD_KINDS,
  SHARD_TOPICS,
  SHARDS_DEFAULT,
  type ShardKindName,
  shardKindCode,
  shardKindOf,
  shardTopic,
} from './image/shard-kind.ts';
export { keepLease, type LeaseKeeper, type LeaseKeeperDeps, type LeaseKeeperOptions } from './lease-keeper.ts';
export {
  assertTransaction,
  type Comparison,
  type GetResult,
  LEASE_TTL_MS_MIN,
  type Lease,
  type LeaseEvents,
  type LeaseId,
  type MetadataStore,
  type Operation,
  RANGE_LIMIT_DEFAULT,
  RANGE_LIMIT_MAX,
  type RangeRequest,
  type RangeResult,
  type RevisionEvents,
  type StoredEntry,
  type StoreEvent,
  TRANSACTION_BYTES_MAX,
  TRANSACTION_OPERATIONS_MAX,
  type Transaction,
  type TransactionResult,
  WATCH_PROGRESS_MS,
  type Watch,
  type WatchEvents,
  type WatchRequest,
} from './metadata-store.ts';
