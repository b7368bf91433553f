import type { Offset } from '@moldau/kernel';
import type { FetchStreamPartition, FetchStreamPosition, ItemError, WithBatches } from '@moldau/protocol';
import type { Partition } from '../partition/partition.ts';
import type { FetchMetrics } from './fetch-metrics.ts';
import { assertContinues, readVisible, sizeOf, visibleEnds } from './visible-read.ts';

/** What one read of a position found. */
export interface PositionRead {
  readonly head: Omit<FetchStreamPartition, 'recordBatches'>;
  readonly batches: readonly Uint8Array[];
  readonly sizeBytes: number;
  readonly nextOffset: Offset;
  /** Says that nothing looks at `batches` any more; at most once. */
  readonly release: () => void;
}

/** One partition of a fetch stream: where the client is in it. */
export class StreamPosition {
  readonly asked: FetchStreamPosition;
  readonly partition: Partition;
  #nextOffset: number;
  /** Read and not sent, because the credit or the message had no room for it. */
  #kept: PositionRead | undefined;
  /** What the client has read before is known to be in the log. */
  #continues = false;
  #toldWatermark = -1;
  #toldEnd = false;

  constructor(asked: FetchStreamPosition, partition: Partition) {
    this.asked = asked;
    this.partition = partition;
    this.#nextOffset = asked.fetchOffset;
  }

  /** Bytes that were read and not sent. */
  get keptBytes(): number {
    return this.#kept?.sizeBytes ?? 0;
  }

  /** The next batches, about `maxBytes`, the first whole. Throws what reading throws. */
  async read(maxBytes: number, metrics: FetchMetrics): Promise<PositionRead> {
    // Checked again also for what was kept: the leader may have changed since.
    const { positionId, leaderEpoch, fetchOffset, lastFetchedEpoch } = this.asked;
    if (!this.#continues) assertContinues(this.partition, fetchOffset, lastFetchedEpoch, leaderEpoch);
    this.#continues = true;
    const ends = visibleEnds(this.partition, leaderEpoch);
    if (this.#kept !== undefined) return this.#kept;
    const reading = readVisible(this.partition, this.#nextOffset, maxBytes, leaderEpoch, metrics);
    const read = reading instanceof Promise ? await reading : reading;
    const head = { positionId, ...ends, abortedTransactions: [], error: undefined };
    return { head, batches: read.batches, sizeBytes: sizeOf(read), nextOffset: read.nextOffset, release: read.release };
  }

  /** Keeps what does not fit until it does. */
  keep(read: PositionRead): void {
    this.#kept = read;
  }

  /** What was read is sent; true when there is more. */
  advance(read: PositionRead): boolean {
    this.#kept = undefined;
    this.#nextOffset = read.nextOffset;
    return read.sizeBytes > 0 && read.nextOffset < read.head.highWatermark;
  }

  /** Whether a read without batches tells the client something: that it is at the end, or that the watermark moved. */
  isNews(read: PositionRead): boolean {
    return !this.#toldEnd || read.head.highWatermark !== this.#toldWatermark;
  }

  told(read: PositionRead): void {
    this.#toldWatermark = read.head.highWatermark;
    this.#toldEnd = read.nextOffset >= read.head.highWatermark;
  }
}

/** What is sent for a position that can't be read. */
export function failedPosition(positionId: number, error: ItemError): WithBatches<FetchStreamPartition> {
  const none = { highWatermark: 0, lastStableOffset: 0, logStartOffset: 0, abortedTransactions: [] };
  return { head: { positionId, ...none, error }, batches: [] };
}
