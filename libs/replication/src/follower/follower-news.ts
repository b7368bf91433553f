import type { LeaderEpoch, Offset } from '@moldau/kernel';
import type { Divergence } from '../divergence.ts';

/** Whole batches, each continuing the one before it. */
export interface BatchRun {
  readonly bytes: Uint8Array;
  /** Of the first batch. */
  readonly baseOffset: Offset;
  /** Behind the last batch. */
  readonly endOffset: Offset;
}

/** What a leader tells one follower of one partition (PartitionNews of the wire). */
export interface FollowerNews {
  readonly leaderEpoch: LeaderEpoch;
  readonly highWatermark: Offset;
  readonly logStartOffset: Offset;
  readonly diverging?: Divergence | undefined;
  /** The partition can't be followed there now. */
  readonly refused?: boolean | undefined;
  readonly batches?: BatchRun | undefined;
}
