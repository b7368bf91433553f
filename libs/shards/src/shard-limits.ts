import { SHARD_BATCH_BYTES_MAX } from '@moldau/cluster';

/** What a shard may take up. */
export interface ShardLimits {
  /** Operations that wait for their commit: a second's worth at the rate one shard is meant for. Beyond: SHARD_OVERLOADED. */
  readonly operationsMax: number;
  /** Bytes of records that wait. Beyond: SHARD_OVERLOADED. */
  readonly queuedBytesMax: number;
  /** Records' bytes from which a batch takes no further operation; one operation alone may be larger. */
  readonly batchBytesTarget: number;
  /**
   * Largest batch: at most `max.message.bytes` of the topic. An operation above it costs the shard its machine, so machines bound what
   * one operation may give.
   */
  readonly batchBytesMax: number;
  /** After so long without an answer an append is sent again, perhaps to another leader. */
  readonly appendTimeoutMs: number;
  /** Operations that are in no hurry wait so long for others to share their append. */
  readonly unhurriedMs: number;
  /** First and longest wait before an append or a read is sent again. */
  readonly backOffMsMin: number;
  readonly backOffMsMax: number;
  /** A step of loading ends after so many milliseconds, well below the 5 ms that a turn may take, … */
  readonly loadStepMs: number;
  /** … or so many records, for a clock that stands still within a turn. */
  readonly loadStepRecords: number;
}

export const DEFAULT_SHARD_LIMITS: ShardLimits = {
  operationsMax: 10_000,
  queuedBytesMax: 16 * 1024 * 1024,
  batchBytesTarget: 512 * 1024,
  batchBytesMax: SHARD_BATCH_BYTES_MAX,
  appendTimeoutMs: 2_000,
  unhurriedMs: 50,
  backOffMsMin: 20,
  backOffMsMax: 500,
  loadStepMs: 2,
  loadStepRecords: 2_000,
};
