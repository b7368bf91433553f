export { FrameQueue, STREAM_MESSAGE_BYTES_MAX } from './caller/frame-queue.ts';
export { ImageShardDirectory, type ImageShardDirectoryDeps } from './caller/image-shard-directory.ts';
export { ShardCaller, type ShardCallerDeps } from './caller/shard-caller.ts';
export {
  type MemberLink,
  type MemberLinkEvents,
  SHARD_KIND_OF_CALL,
  type ShardAnswerOf,
  type ShardCallCase,
  type ShardCallOf,
  type ShardCallOptions,
  type ShardCalls,
} from './caller/shard-calls.ts';
export type { ShardDirectory } from './caller/shard-directory.ts';
export { shardOf } from './caller/shard-of.ts';
export { DEFAULT_SHARD_LIMITS, type ShardLimits } from './shard-limits.ts';
export type { ShardAppend, ShardAppended, ShardLog } from './shard-log.ts';
export type { ShardHandle, ShardMachine, ShardOutcome, ShardRunOptions } from './shard-machine.ts';
export { ShardMetrics } from './shard-metrics.ts';
export type { ShardOwner } from './shard-owner.ts';
export { ShardRuntime, type ShardRuntimeDeps, type ShardRuntimeOptions } from './shard-runtime.ts';
