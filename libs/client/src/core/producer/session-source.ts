import type { MoldauError } from '@moldau/kernel';
import type { PartitionQueue } from './partition-queue.ts';

/** Where the queues of a producer get the session that their batches carry. */
export interface SessionSource {
  /** Records are about to be sent. */
  prepare(): void;
  /** Gives the queue a session, now or later, or fails what it has; `lost` says why the one that it has is of no use any more. */
  request(queue: PartitionQueue, lost: MoldauError | undefined): void;
  close(): void;
}

/** What a producer of transactions adds. */
export interface TransactionHooks {
  /** Whose session the batches carry. */
  readonly sessions: SessionSource;
  /** A record has failed, whatever the reason. */
  failed(error: MoldauError): void;
}
