import type { RecordSender } from '../producer/record-sender.ts';

/** What the manager needs of the records' way. */
export type TransactionSender = Pick<RecordSender<unknown, unknown>, 'abandon' | 'flush' | 'useSession'> & {
  /** Batches sent since the producer was made. */
  readonly batchesSent: number;
};
