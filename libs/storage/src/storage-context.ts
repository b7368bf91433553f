import type { MoldauError } from '@moldau/kernel';
import type { DescriptorCache } from './descriptor-cache.ts';
import type { HighWatermarkCheckpoint } from './high-watermark-checkpoint.ts';
import type { IndexCache } from './index-cache.ts';
import type { Journal } from './journal.ts';
import type { KeyRoom } from './keyed-batches.ts';
import type { LogDirectorySettings, StoragePorts } from './options.ts';
import type { PartitionState } from './partition-state.ts';
import type { ReadBuffers } from './read-buffers.ts';
import type { SpaceReserve } from './space-reserve.ts';
import type { StorageMetrics } from './storage-metrics.ts';
import type { TailCache } from './tail-cache.ts';

/** Whether the directory takes appends. Legal moves: online ⇄ full; online or full → offline. */
export type DirectoryCondition =
  | { readonly kind: 'online' }
  | { readonly kind: 'full' }
  | { readonly kind: 'offline'; readonly reason: string };

/** What the modules that work on partitions share: one per open data directory. */
export interface StorageContext {
  readonly ports: StoragePorts;
  readonly settings: LogDirectorySettings;
  readonly root: string;
  readonly keys: KeyRoom;
  readonly tails: TailCache;
  readonly readBuffers: ReadBuffers;
  readonly descriptors: DescriptorCache;
  readonly indexes: IndexCache;
  readonly journal: Journal;
  readonly checkpoint: HighWatermarkCheckpoint;
  readonly metrics: StorageMetrics;
  readonly reserve: SpaceReserve;
  readonly condition: DirectoryCondition;
  /** Appended bytes that are in no segment file. */
  unwrittenBytes: number;
  /** Bytes that may still be appended before the guard looks at the disk again. */
  spaceLeftBytes: number;
  /** Has the new batches of this partition written, and flushed if it is `flush=sync`. */
  submit(state: PartitionState): void;
  /** The journal has grown: has it emptied in time. */
  watchJournal(): void;
  /** Has what `roll` left behind sealed. */
  requestSeal(state: PartitionState): void;
  /** A write found no space: appends are refused until the guard sees some. */
  enterFull(): void;
  /** A write or sync failed: nothing is retried, the directory goes offline. */
  fail(error: unknown, what: string): MoldauError;
  /** The error of an operation that could not store a side file: DISK_FULL, or the directory goes offline. */
  sideFileFailure(error: unknown, what: string): MoldauError;
  /** Removes a file after the delay, in the background; never fails. */
  removeLater(path: string, delayMs: number): void;
}
