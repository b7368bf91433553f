import type { MoldauError } from '@moldau/kernel';
import type { AbortedTransaction } from '@moldau/protocol';
import type { BatchSpan } from '@moldau/records';
import type { AssignedPartition } from './assigned-partition.ts';
import type { BrokerReader } from './broker-reader.ts';

/** Whole record batches of one partition, as they came in one message. */
export interface Chunk<K, V> {
  readonly t: 'chunk';
  readonly partition: AssignedPartition<K, V>;
  readonly positionId: number;
  /** Who gets the credit back once they are consumed. */
  readonly reader: BrokerReader<K, V>;
  readonly bytes: Uint8Array;
  readonly spans: readonly BatchSpan[];
  /** The next batch to hand out. */
  index: number;
  /** First offset wanted: the first batch may begin below it. */
  from: number;
  readonly highWatermark: number;
  readonly aborted: readonly AbortedTransaction[];
  /** Producers whose transaction is open here and will be aborted. */
  readonly abortedProducers: Set<number>;
  /** The next of `aborted` to open, in the order of their first offsets. */
  nextAborted: number;
}

/** A partition that can't be read on, told in its place after what was read before. */
export interface Failure<K, V> {
  readonly t: 'failure';
  readonly partition: AssignedPartition<K, V> | undefined;
  readonly positionId: number;
  readonly error: MoldauError;
}
