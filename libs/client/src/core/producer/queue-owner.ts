import type { CompressionName, Compute, MoldauError, Random, Scheduler } from '@moldau/kernel';
import type { PartitionView } from '../cluster/metadata-view.ts';
import type { PartitionQueue } from './partition-queue.ts';
import type { ProducerBatch } from './producer-batch.ts';

export interface PartitionQueueOptions {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  /** Who leads the partition, as far as is known now. */
  leader(): PartitionView | undefined;
  readonly compression: CompressionName;
  readonly idempotent: boolean;
  readonly maxInFlight: number;
  readonly deliveryTimeoutMs: number;
  readonly compute: Compute;
  readonly scheduler: Scheduler;
  readonly random: Random;
}

/** What a partition's queue asks of its producer. */
export interface QueueOwner {
  /** Bytes of records not yet done with, in all queues. */
  bufferedBytes: number;
  /** Those of them that are under way. */
  inFlightBytes: number;
  /** Batches that collect records, in all queues. */
  openBatches: number;
  /** A new batch: its id, and the time. */
  begin(queue: PartitionQueue): { readonly id: number; readonly nowMs: number };
  /** The first record of a batch has been appended. */
  opened(queue: PartitionQueue, batch: ProducerBatch): void;
  /** There may be something to send. */
  sendable(queue: PartitionQueue): void;
  /** The batch's promises are settled: acknowledged, or failed with this. */
  settled(batch: ProducerBatch, error: MoldauError | undefined): void;
  /** The batch has left its queue; its memory is free. */
  released(batch: ProducerBatch): void;
  /** Batches can't be numbered before the queue has a session; `lost` says why the one before is of no use. */
  needSession(queue: PartitionQueue, lost: MoldauError | undefined): void;
  /** Somebody else seems to lead. True: the error said who, and that one may be tried at once. */
  leaderChanged(queue: PartitionQueue, error: MoldauError): boolean;
  /** Nothing can be written to the partition for now; told again at each failure. */
  failing(queue: PartitionQueue, error: MoldauError): void;
  /** After `failing`: something was written. */
  recovered(queue: PartitionQueue): void;
}
