import { MoldauError, type Offset } from '@moldau/kernel';
import { divergence } from '@moldau/replication';
import type { ReadResult } from '@moldau/storage';
import type { Partition } from '../partition/partition.ts';
import { invalidField } from '../produce/produce-terms.ts';
import type { FetchMetrics } from './fetch-metrics.ts';

/** Where a partition stands for its readers. */
export interface VisibleEnds {
  readonly highWatermark: Offset;
  /** No transaction is open before transactions exist, so this is the high watermark. */
  readonly lastStableOffset: Offset;
  readonly logStartOffset: Offset;
}

const NOTHING: Omit<ReadResult, 'nextOffset'> = { batches: [], source: 'tail', release: () => {} };

/** @throws MoldauError those of leadership */
export function visibleEnds(partition: Partition, claimedEpoch: number | undefined): VisibleEnds {
  const { log, leadership } = partition.leading(claimedEpoch);
  const { highWatermark } = leadership;
  return { highWatermark, lastStableOffset: highWatermark, logStartOffset: log.startOffset };
}

/**
 * Reads what readers may see from `from` on: whole batches below the high watermark, about `maxBytes`, the first whole.
 * Between the high watermark and the log's end there is nothing yet; beyond the end the offset is out of range.
 *
 * @throws MoldauError OFFSET_OUT_OF_RANGE and those of leadership; rejects with CORRUPT_LOG, PARTITION_OFFLINE
 */
export function readVisible(
  partition: Partition,
  from: number,
  maxBytes: number,
  claimedEpoch: number | undefined,
  metrics: FetchMetrics,
): ReadResult | Promise<ReadResult> {
  const { log, leadership } = partition.leading(claimedEpoch);
  if (!Number.isSafeInteger(from) || from < 0) throw invalidField('fetch_offset', from, '≥ 0');
  if (from < log.startOffset || from > log.endOffset) throw outOfRange(partition, from, log.startOffset, leadership.highWatermark);
  const upTo = leadership.highWatermark;
  if (from >= upTo) return { ...NOTHING, nextOffset: from as Offset };
  const read = log.read(from as Offset, { maxBytes, upTo });
  metrics.read(read instanceof Promise ? 'disk' : 'memory');
  return read;
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
