import type { Offset } from '@moldau/kernel';
import type { FetchStreamPartition, FetchStreamPosition, ItemError, WithBatches } from '@moldau/protocol';
import type { Partition } from '../partition/partition.ts';
import type { FetchMetrics } from './fetch-metrics.ts';
import type { ReadIsolation } from './isolation.ts';
import { abortedOf, assertContinues, readVisible, sizeOf, visibleEnd, visibleEnds } from './visible-read.ts';

/** What one read of a position found. */
export interface PositionRead {
  readonly head: Omit<FetchStreamPartition, 'recordBatches'>;
  readonly batches: readonly Uint8Array[];
  readonly sizeBytes: number;
  readonly nextOffset: Offset;
  readonly source: 'tail' | 'disk';
  /** Says that nothing looks at `batches` any more; exactly once. */
  readonly release: () => void;
}

/** One partition of a fetch stream: where the client is in it. */
export class StreamPosition {
  readonly asked: FetchStreamPosition;
  readonly partition: Partition;
  readonly #isolation: ReadIsolation;
  #nextOffset: number;
  /** Read from the disk and not sent, because the credit or the message had no room for it. */
  #kept: PositionRead | undefined;
  #keptBytes = 0;
  /** What the client has read before is known to be in the log. */
  #continues = false;
  /** The end of what the client may see, as it was told last. */
  #toldVisible = -1;
  #toldEnd = false;

  constructor(asked: FetchStreamPosition, partition: Partition, isolation: ReadIsolation) {
    this.asked = asked;
    this.partition = partition;
    this.#isolation = isolation;
    this.#nextOffset = asked.fetchOffset;
  }

  /** Bytes that were read and not sent. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** The next batches, about `maxBytes`, the first whole; the caller releases them. Throws what reading throws. */
  async read(maxBytes: number, metrics: FetchMetrics): Promise<PositionRead> {
    // Checked again also for what was kept: the leader may have changed since.
    const { positionId, leaderEpoch, fetchOffset, lastFetchedEpoch } = this.asked;
    if (!this.#continues) assertContinues(this.partition, fetchOffset, lastFetchedEpoch, leaderEpoch);
    this.#continues = true;
    const ends = visibleEnds(this.partition, leaderEpoch);
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept !== undefined) return kept;
    const isolation = this.#isolation;
    const from = this.#nextOffset;
    const reading = readVisible(this.partition, { from, maxBytes, claimedEpoch: leaderEpoch, isolation }, metrics);
    const read = reading instanceof Promise ? await reading : reading;
    const telling = abortedOf(this.partition, from, read, isolation);
    const aborted = telling instanceof Promise ? await telling : telling;
    const head = { positionId, ...ends, abortedTransactions: [...aborted], error: undefined };
    const { batches, nextOffset, source, release } = read;
    return { head, batches, sizeBytes: sizeOf(read), nextOffset, source, release };
  }

  /** Keeps what does not fit until it does. What lies in memory is read again: kept for long, it would hold far more than its size. */
  keep(read: PositionRead): void {
    this.#keptBytes = read.sizeBytes;
    if (read.source === 'disk') this.#kept = read;
    else read.release();
  }

  /** Lets go of what was kept: the position is read no more. */
  close(): void {
    this.#kept?.release();
    this.#kept = undefined;
  }

  /** What was read is sent; true when there is more. */
  advance(read: PositionRead): boolean {
    this.#keptBytes = 0;
    this.#nextOffset = read.nextOffset;
    return read.sizeBytes > 0 && read.nextOffset < visibleEnd(read.head, this.#isolation);
  }

  /** Whether a read without batches tells the client something: that it is at the end, or that the end moved. */
  isNews(read: PositionRead): boolean {
    return !this.#toldEnd || visibleEnd(read.head, this.#isolation) !== this.#toldVisible;
  }

  told(read: PositionRead): void {
    this.#toldVisible = visibleEnd(read.head, this.#isolation);
    this.#toldEnd = read.nextOffset >= this.#toldVisible;
  }
}

/** What is sent for a position that can't be read. */
export function failedPosition(positionId: number, error: ItemError): WithBatches<FetchStreamPartition> {
  const none = { highWatermark: 0, lastStableOffset: 0, logStartOffset: 0, abortedTransactions: [] };
  return { head: { positionId, ...none, error }, batches: [] };
}
