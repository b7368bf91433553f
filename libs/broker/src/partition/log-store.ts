import type { DirectoryId, MoldauError, Offset, PartitionIndex, TopicId } from '@moldau/kernel';
import type { PartitionConfig } from '@moldau/storage';
import type { PartitionLog } from './partition-log.ts';

/** A log as the opening of the directory found it. */
export interface FoundLog {
  readonly topicId: TopicId;
  readonly index: PartitionIndex;
  /** Leader epoch of its last batch; -1: none is known. */
  readonly lastEpoch: number;
  readonly endOffset: Offset;
  /** Recovery cut bytes off its end. */
  readonly cut: boolean;
  /** Its data below the checkpointed high watermark is bad or gone. */
  readonly damaged: boolean;
}

/** What the last stop may have cost. */
export interface StopReport {
  /** All that was acknowledged, flushed or not, is there: after a clean stop, or a kill of the process on a machine that ran on. */
  readonly keptWritten: boolean;
  /** Every log there is. */
  readonly logs: readonly FoundLog[];
}

/** The data directory, as the broker uses it. */
export interface LogStore {
  readonly directoryId: DirectoryId;
  /** Why the whole directory takes nothing any more; undefined while it does. */
  readonly failure: MoldauError | undefined;
  /** Bytes of all logs. */
  readonly storedBytes: number;
  /** Longest round of flushes, one under way included, since this was asked last, in milliseconds; 0: none. */
  takeLongestFlushMs(): number;
  /** What the opening found; before any of its logs is used. */
  stopReport(): StopReport;
  /** Opens the partition's log, made empty where it has none. */
  open(topicId: TopicId, partition: PartitionIndex, config: PartitionConfig): Promise<PartitionLog>;
  /** Removes all data of the partition's log and makes an empty one that begins at `startOffset`. */
  beginAnew(topicId: TopicId, partition: PartitionIndex, config: PartitionConfig, startOffset: Offset): Promise<PartitionLog>;
  /** Whether there is a log of the partition, open or not. */
  holds(topicId: TopicId, partition: PartitionIndex): boolean;
  /** Removes all data of the partition's log; nothing happens where there is none. */
  deletePartition(topicId: TopicId, partition: PartitionIndex): Promise<void>;
  /** Removes all data of a deleted topic; nothing happens where there is none. */
  deleteTopic(topicId: TopicId): Promise<void>;
  /** Flushes and closes everything, and marks the stop as clean. */
  close(): Promise<void>;
}
