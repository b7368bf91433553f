export type { Appended } from './append.ts';
export { BATCH_BYTES_MAX } from './batch-check.ts';
export { describeSegment, type SegmentItem } from './describe-segment.ts';
export { type DirectoryMeta, FORMAT_VERSION } from './directory-meta.ts';
export type { AbortedTransaction } from './ended-transactions.ts';
export { FIRST_KEYED_PRODUCER_ID, KEYS_PER_PARTITION_MAX } from './keyed-batches.ts';
export type { EpochEntry } from './leader-epochs.ts';
export type { LogDirectory, LogDirectoryStats, RecoveryReport } from './log-directory.ts';
export { openLogDirectory } from './open-log-directory.ts';
export type { DynamicSettings, LogDirectoryOptions, LogDirectorySettings, RecoveryProgress, StoragePorts } from './options.ts';
export { type FlushMode, PARTITION_CONFIG_DEFAULTS, type PartitionConfig, partitionConfig } from './partition-config.ts';
export type { PartitionLog } from './partition-log.ts';
export type { Damage, PartitionStatus, Progress } from './partition-state.ts';
export {
  type DuplicateBatch,
  type MarkerClaim,
  type OpenTransaction,
  type ProducerClaim,
  type ProducerSummary,
  type ProducerVerdict,
  REMEMBERED_BATCHES_MAX,
} from './producer-checks.ts';
export type { ReadOptions, ReadResult } from './read.ts';
export { type LostRange, type RepairOptions, type RepairReport, repairPartition } from './repair.ts';
export type { DirectoryCondition } from './storage-context.ts';
export type { TimestampedOffset } from './timestamp-lookup.ts';
export type { MarkerAppend } from './transaction-marker.ts';
export type { TruncateOptions } from './truncate.ts';
export { VERIFICATIONS_MAX, type Verification } from './verifications.ts';
