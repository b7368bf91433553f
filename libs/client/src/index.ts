export {
  type Certainty,
  COMPRESSION_NAMES,
  type CompressionName,
  type ErrorFacts,
  type ErrorName,
  type LogFields,
  type Logger,
  type Meter,
  MoldauError,
  type Offset,
} from '@moldau/kernel';
export type { Admin } from './core/admin/admin.ts';
export type {
  AdminCallOptions,
  ConfigChanges,
  ConfigOrigin,
  ConfigOutcome,
  ConfigTarget,
  CreatedTopic,
  DeletedRecords,
  DescribedBroker,
  DescribedCluster,
  DescribedConfig,
  DescribedConfigs,
  DescribedCoordinator,
  DescribedPartition,
  DescribedTopic,
  DryRunOptions,
  ListTopicsOptions,
  NewTopicInput,
  RecordsToDelete,
  TopicListing,
  TopicOutcome,
} from './core/admin/admin-types.ts';
export type {
  DescribedGroup,
  DescribedMember,
  GroupDescriptionResult,
  GroupOutcome,
  GroupStateName,
  GroupTypeName,
  ListedGroup,
  PartitionLag,
  ResetOutcome,
  ResetTarget,
  TopicPartitions,
} from './core/admin/group-admin-types.ts';
export type {
  DescribedReplicas,
  DescribePartitionsOptions,
  DrainState,
  LedReplicas,
  PartitionCondition,
  PartitionName,
  PartitionOutcome,
  PartitionPlacement,
  Reassignment,
  ReplicaStanding,
} from './core/admin/placement-types.ts';
export type {
  AbortedProducer,
  DescribedProducer,
  DescribedProducers,
  DescribedTransaction,
  HangingTransaction,
  HangingTransactions,
  ListTransactionsOptions,
  OpenTransaction,
  TransactionDescription,
  TransactionListing,
  TransactionStanding,
} from './core/admin/transaction-types.ts';
export type { MoldauOptions } from './core/client-options.ts';
export type { ConsumedRecord } from './core/consumer/consumed-record.ts';
export type { Consumer } from './core/consumer/consumer.ts';
export type { ConsumerBatch } from './core/consumer/consumer-batch.ts';
export type {
  Assignment,
  ConsumerIsolation,
  ConsumerOptions,
  OutOfRangePolicy,
  PartitionOffset,
  StartPosition,
  TopicPartitionName,
} from './core/consumer/consumer-types.ts';
export type { GroupConsumer } from './core/group/group-consumer.ts';
export type {
  CommittedPosition,
  GroupCloseOptions,
  GroupConsumerOptions,
  GroupIdentity,
  GroupStart,
  GroupSubscription,
  OffsetCommit,
  RebalanceEvents,
  StreamsMembership,
  StreamsTaskName,
} from './core/group/group-types.ts';
export type { HandlerContext, HandlerOrdering, RecordHandler, RunOptions } from './core/group/run-types.ts';
export type { Moldau } from './core/moldau.ts';
export type { FoundOffset, OffsetInquiry, OffsetPosition } from './core/offset-types.ts';
export type { Producer } from './core/producer/producer.ts';
export type {
  CloseOptions,
  HeaderInput,
  Partitioner,
  ProducerAcks,
  ProducerOptions,
  ProducerRecord,
  ProducerStats,
  RecordMetadata,
  SendOptions,
} from './core/producer/producer-types.ts';
export { type Deserializer, type Serde, type Serializer, serdes } from './core/serdes.ts';
export type { ClientHealth, ClientStatus, PartitionRole, StatusListener, UnavailablePartition, UnreachableBroker } from './core/status.ts';
export type { Transaction, TransactionCallOptions } from './core/transaction/transaction.ts';
export type {
  TransactionalProducerOptions,
  TransactionGroup,
  TransactionOffset,
} from './core/transaction/transaction-types.ts';
export type { TransactionalProducer } from './core/transaction/transactional-producer.ts';
export type { Transform } from './core/transform/transform.ts';
export type {
  TransformOptions,
  TransformOutput,
  TransformResult,
  TransformSinkOptions,
  TransformSourceOptions,
  TransformStats,
} from './core/transform/transform-types.ts';
export { createMoldau } from './node/create-moldau.ts';
