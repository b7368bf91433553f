import type { DirectoryId, MoldauError, Offset, PartitionIndex, TopicId } from '@moldau/kernel';
import type { PartitionConfig } from '@moldau/storage';
import type { PartitionLog } from './partition-log.ts';

/** The data directory, as the broker uses it. */
export interface LogStore {
  readonly directoryId: DirectoryId;
  /** Why the whole directory takes nothing any more; undefined while it does. */
  readonly failure: MoldauError | undefined;
  /** Bytes of all logs. */
  readonly storedBytes: number;
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
