import type { MoldauError } from '@moldau/kernel';
import type { AbortedTransaction } from '@moldau/protocol';
import type { AssignedPartition } from './assigned-partition.ts';

/** What was read from one partition in one message. */
export interface PartitionRead {
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly recordBatches: Uint8Array;
  readonly abortedTransactions: readonly AbortedTransaction[];
}

/** What a reader tells its consumer. Position ids tell whether it is still of interest. */
export interface ReaderHooks<K, V> {
  read(reader: BrokerReader<K, V>, partition: AssignedPartition<K, V>, positionId: number, read: PartitionRead): void;
  /** The broker can't serve the partition; the reader has dropped it. */
  failed(partition: AssignedPartition<K, V>, positionId: number, error: MoldauError): void;
  /** The connection broke or the broker is leaving: the reader has dropped them all. */
  broken(reader: BrokerReader<K, V>, partitions: readonly AssignedPartition<K, V>[], error: MoldauError): void;
  /** Bytes that this reader may keep unconsumed: its share of the consumer's prefetch limit. */
  share(): number;
}

/** Reads the partitions that one broker leads. */
export interface BrokerReader<K, V> {
  readonly brokerId: number;
  /** Reads the partition from its `fetchOffset` under its `positionId`. */
  add(partition: AssignedPartition<K, V>): void;
  /** Stops reading it; what is on its way arrives under an id that nobody knows any more. */
  remove(partition: AssignedPartition<K, V>): void;
  /** The user is done with that many bytes, or they were dropped. */
  consumed(bytes: number): void;
  close(): void;
}
