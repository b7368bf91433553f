export { AssertionError, assert, present, unreachable } from './assert.ts';
export type { Brand } from './brand.ts';
export { COMPRESSION_NAMES, type CompressionName } from './compression-name.ts';
export type { EncodedRecord } from './encoded-record.ts';
export { type CatalogueEntry, type Certainty, ERROR_CATALOGUE, type ErrorName, isErrorName } from './errors/catalogue.ts';
export { type ErrorFacts, MoldauError } from './errors/moldau-error.ts';
export { withoutStack } from './errors/without-stack.ts';
export {
  advance,
  type BrokerEpoch,
  type BrokerId,
  brokerEpoch,
  brokerId,
  type ClusterId,
  type ControllerEpoch,
  type CoordinatorId,
  clusterId,
  controllerEpoch,
  coordinatorId,
  type DirectoryId,
  directoryId,
  FIRST_OFFSET,
  isUuid,
  type LeaderEpoch,
  leaderEpoch,
  type MetadataVersion,
  metadataVersion,
  type Offset,
  offset,
  type PartitionEpoch,
  type PartitionIndex,
  type ProducerEpoch,
  type ProducerId,
  partitionEpoch,
  partitionIndex,
  producerEpoch,
  producerId,
  type TopicId,
  topicId,
} from './ids.ts';
export {
  assertTransactionalId,
  DEFAULT_NAMESPACE,
  isInternalName,
  NAME_LENGTH_MAX,
  NAMESPACE_LENGTH_MAX,
  type Namespace,
  parseNamespace,
  parseTopicName,
  type QualifiedName,
  type TopicName,
} from './names.ts';
export type { Clock, Instants, Scheduler, Timer } from './ports/clock.ts';
export type { Compute } from './ports/compute.ts';
export {
  type DirectoryEntry,
  type Disk,
  DiskError,
  type DiskErrorKind,
  type DiskFile,
  type DiskLock,
  type DiskSpace,
  type FileStatus,
} from './ports/disk.ts';
export { LOG_LEVELS, type LogFields, type Logger, type LogLevel, silentLogger } from './ports/logger.ts';
export {
  type Counter,
  type Gauge,
  type Histogram,
  type HistogramDefinition,
  type Labelled,
  type Meter,
  type MetricDefinition,
  silentMeter,
} from './ports/meter.ts';
export type { Ids, Random } from './ports/random.ts';
export {
  type CallHandler,
  type CallHandlers,
  type CallMetadata,
  type CallOptions,
  type Channel,
  type ClientStream,
  type ComposedMessage,
  type Connector,
  composedBytes,
  type IncomingCall,
  type MessageSink,
  type MethodPath,
  type ServerStream,
  STATUS_CODES,
  STATUS_OK,
  type Status,
  StatusError,
  type StatusName,
  type StreamEvents,
} from './ports/transport.ts';
export { partitionKey, type TopicPartition } from './topic-partition.ts';
