import { MoldauError, type Offset } from '@moldau/kernel';
import type { AbortedTransaction } from '@moldau/protocol';
import { divergence } from '@moldau/replication';
import type { ReadResult } from '@moldau/storage';
import type { Partition } from '../partition/partition.ts';
import { invalidField } from '../produce/produce-terms.ts';
import { abortedIn } from './aborted-batches.ts';
import type { FetchMetrics } from './fetch-metrics.ts';
import type { ReadIsolation } from './isolation.ts';

/** Where a partition stands for its readers. */
export interface VisibleEnds {
  readonly highWatermark: Offset;
  /** Where readers of committed records stop; at most the high watermark. */
  readonly lastStableOffset: Offset;
  readonly logStartOffset: Offset;
}

const NOTHING: Omit<ReadResult, 'nextOffset'> = { batches: [], source: 'tail', release: () => {} };

/** @throws MoldauError those of leadership */
export function visibleEnds(partition: Partition, claimedEpoch: number | undefined): VisibleEnds {
  const { log, leadership } = partition.leading(claimedEpoch);
  const { highWatermark } = leadership;
  // The log may know a higher watermark than a new leader does yet.
  const lastStableOffset = Math.min(highWatermark, log.lastStableOffset) as Offset;
  return { highWatermark, lastStableOffset, logStartOffset: log.startOffset };
}

interface ReaderEnds<End extends number> {
  readonly highWatermark: End;
  readonly lastStableOffset: End;
}

/** The end of what a reader sees. */
export function visibleEnd<End extends number>(ends: ReaderEnds<End>, isolation: ReadIsolation): End {
  return isolation === 'read_committed' ? ends.lastStableOffset : ends.highWatermark;
}

/** The end of what a reader of the partition sees; undefined where this broker does not lead it. */
export function visibleEndOf({ leadership, log }: Partition, isolation: ReadIsolation): Offset | undefined {
  if (leadership === undefined || log === undefined) return undefined;
  const { highWatermark } = leadership;
  return isolation === 'read_committed' ? (Math.min(highWatermark, log.lastStableOffset) as Offset) : highWatermark;
}

/** A reader's place in a partition. */
export interface ReadPlace {
  readonly from: number;
  readonly maxBytes: number;
  readonly claimedEpoch: number | undefined;
  readonly isolation: ReadIsolation;
}

/**
 * Reads what readers may see from `from` on: whole batches below the high watermark, or the last stable offset, about `maxBytes`, the
 * first whole. Between that and the log's end there is nothing yet; beyond the end the offset is out of range.
 *
 * @throws MoldauError OFFSET_OUT_OF_RANGE and those of leadership; rejects with CORRUPT_LOG, PARTITION_OFFLINE
 */
export function readVisible(partition: Partition, place: ReadPlace, metrics: FetchMetrics): ReadResult | Promise<ReadResult> {
  const { from, maxBytes, claimedEpoch, isolation } = place;
  const { log, leadership } = partition.leading(claimedEpoch);
  if (!Number.isSafeInteger(from) || from < 0) throw invalidField('fetch_offset', from, '≥ 0');
  const { highWatermark } = leadership;
  if (from < log.startOffset || from > log.endOffset) throw outOfRange(partition, from, log.startOffset, highWatermark);
  const upTo = isolation === 'read_committed' ? (Math.min(highWatermark, log.lastStableOffset) as Offset) : highWatermark;
  if (from >= upTo) return { ...NOTHING, nextOffset: from as Offset };
  const read = log.read(from as Offset, { maxBytes, upTo });
  metrics.read(read instanceof Promise ? 'disk' : 'memory');
  return read;
}

/** As `abortedIn`, of what was read from the partition's log. */
export function abortedOf(
  { log }: Partition,
  from: number,
  read: ReadResult,
  isolation: ReadIsolation,
): readonly AbortedTransaction[] | Promise<readonly AbortedTransaction[]> {
  return log === undefined ? [] : abortedIn(log, from as Offset, read, isolation);
}

/**
 * Whether what a reader has read before `from` is in this log: its last batch was of that epoch. A log that lost records in an
 * election has another batch there, or ends before (KIP-320). Nothing else changes what lies below a high watermark, so one look
 * in each leader epoch is enough.
 *
 * @throws MoldauError LOG_TRUNCATED and those of leadership
 */
export function assertContinues(
  partition: Partition,
  from: number,
  lastFetchedEpoch: number | undefined,
  claimedEpoch: number | undefined,
): void {
  if (lastFetchedEpoch === undefined) return;
  if (lastFetchedEpoch < 0) throw invalidField('last_fetched_epoch', lastFetchedEpoch, '≥ 0');
  const { log } = partition.leading(claimedEpoch);
  const parted = divergence(log, lastFetchedEpoch, from as Offset);
  if (parted === undefined) return;
  const divergingOffset = Math.min(parted.endOffset, from);
  const facts = {
    topic_id: partition.topicId,
    partition: String(partition.index),
    value: `${from} after epoch ${lastFetchedEpoch}`,
    diverging_offset: String(divergingOffset),
    diverging_epoch: String(parted.epoch),
  };
  const message = `the log is not what was read before offset ${from}: it is the same up to offset ${divergingOffset} at most`;
  throw new MoldauError('LOG_TRUNCATED', message, facts);
}

/** Bytes of all batches of a read. */
export function sizeOf(read: ReadResult): number {
  let bytes = 0;
  for (const batch of read.batches) bytes += batch.length;
  return bytes;
}

function outOfRange(partition: Partition, from: number, first: Offset, end: Offset): MoldauError {
  const facts = {
    topic_id: partition.topicId,
    partition: String(partition.index),
    value: String(from),
    first_offset: String(first),
    end_offset: String(end),
  };
  return new MoldauError('OFFSET_OUT_OF_RANGE', `offset ${from} lies outside the log, which has ${first} … ${end}`, facts);
}
