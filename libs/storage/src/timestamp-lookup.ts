import { type LeaderEpoch, MoldauError, type Offset } from '@moldau/kernel';
import { batchesIn, lastOffsetAt, maxTimestampAt, partitionLeaderEpochAt, readBatch } from '@moldau/records';
import type { PartitionState } from './partition-state.ts';
import { readLog } from './read.ts';
import { NO_TIMESTAMP, type Segment } from './segment.ts';
import type { StorageContext } from './storage-context.ts';

/** Bytes searched in one step. */
const STEP_BYTES = 256 * 1024;

/** A record found by its time. */
export interface TimestampedOffset {
  readonly offset: Offset;
  readonly timestamp: number;
  readonly leaderEpoch: LeaderEpoch;
}

interface Candidate {
  readonly bytes: Uint8Array;
  readonly position: number;
}

/** The first record below `upTo` whose timestamp is at least `timestamp`; undefined when there is none. */
export async function findTimestamp(
  context: StorageContext,
  state: PartitionState,
  timestamp: number,
  upTo: number,
): Promise<TimestampedOffset | undefined> {
  for (const segment of [...state.segments]) {
    if (segment.maxTimestamp < timestamp || segment.endOffset <= state.startOffset) continue;
    const from = Math.max(await placeOf(context, state, segment, timestamp), state.startOffset);
    const found = await searchFrom(context, state, segment, from, upTo, timestamp);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** An offset of the segment before which all timestamps are smaller. */
async function placeOf(context: StorageContext, state: PartitionState, segment: Segment, timestamp: number): Promise<number> {
  const known = segment.index?.findTimestamp(timestamp);
  if (known !== undefined) return known.offset;
  try {
    return (await context.indexes.complete(state, segment)).findTimestamp(timestamp)?.offset ?? segment.baseOffset;
  } catch (error) {
    // Retention or compaction took its file away; its offsets are read from whatever holds them now.
    if (segment.phase === 'removed') return segment.baseOffset;
    throw error;
  }
}

/** The record below `upTo` with the largest timestamp, the first of several; undefined when the log is empty. */
export async function findMaxTimestamp(
  context: StorageContext,
  state: PartitionState,
  upTo: number,
): Promise<TimestampedOffset | undefined> {
  const segments = state.segments.filter((segment) => segment.endOffset > state.startOffset && segment.baseOffset < upTo);
  segments.sort((left, right) => right.maxTimestamp - left.maxTimestamp || left.baseOffset - right.baseOffset);
  let best: TimestampedOffset | undefined;
  for (const segment of segments) {
    if (segment.maxTimestamp === NO_TIMESTAMP || segment.maxTimestamp < (best?.timestamp ?? NO_TIMESTAMP)) break;
    const found = await maximumOf(context, state, segment, upTo);
    if (found !== undefined && (best === undefined || isLater(found, best))) best = found;
  }
  return best;
}

function isLater(one: TimestampedOffset, other: TimestampedOffset): boolean {
  return one.timestamp > other.timestamp || (one.timestamp === other.timestamp && one.offset < other.offset);
}

/** Its bound says where; when that stems from a record that is gone or not committed yet, all of the segment is read. */
async function maximumOf(
  context: StorageContext,
  state: PartitionState,
  segment: Segment,
  upTo: number,
): Promise<TimestampedOffset | undefined> {
  const from = Math.max(segment.baseOffset, state.startOffset);
  const place = await placeOf(context, state, segment, segment.maxTimestamp);
  const direct = await searchFrom(context, state, segment, Math.max(place, from), upTo, segment.maxTimestamp);
  if (direct !== undefined) return direct;
  let best: TimestampedOffset | undefined;
  await eachBatch(context, state, from, Math.min(upTo, segment.endOffset), (candidate) => {
    // A batch's own bound may stem from a record that compaction removed.
    while (maxTimestampAt(candidate.bytes, candidate.position) > (best?.timestamp ?? NO_TIMESTAMP)) {
      const found = searchBatch(state, candidate, upTo, (best?.timestamp ?? NO_TIMESTAMP) + 1);
      if (found === undefined) break;
      best = found;
    }
    return undefined;
  });
  return best;
}

async function searchFrom(
  context: StorageContext,
  state: PartitionState,
  segment: Segment,
  from: number,
  upTo: number,
  timestamp: number,
): Promise<TimestampedOffset | undefined> {
  return eachBatch(context, state, from, Math.min(upTo, segment.endOffset), (candidate) => searchBatch(state, candidate, upTo, timestamp));
}

/** Visits batches from `from` until a visit gives something. */
async function eachBatch<Found>(
  context: StorageContext,
  state: PartitionState,
  from: number,
  upTo: number,
  visit: (candidate: Candidate) => Found | undefined,
): Promise<Found | undefined> {
  let next = from;
  while (next < upTo) {
    const { batches, nextOffset, release } = await readLog(context, state, next, { maxBytes: STEP_BYTES, upTo: upTo as Offset });
    try {
      for (const bytes of batches) {
        for (const { position } of batchesIn(bytes)) {
          const found = visit({ bytes, position });
          if (found !== undefined) return found;
        }
      }
    } finally {
      release();
    }
    if (nextOffset <= next) return undefined;
    next = nextOffset;
  }
  return undefined;
}

function searchBatch(
  state: PartitionState,
  { bytes, position }: Candidate,
  upTo: number,
  timestamp: number,
): TimestampedOffset | undefined {
  if (maxTimestampAt(bytes, position) < timestamp || lastOffsetAt(bytes, position) < state.startOffset) return undefined;
  const leaderEpoch = partitionLeaderEpochAt(bytes, position) as LeaderEpoch;
  try {
    for (const record of readBatch(bytes, position, { checkCrc: false })) {
      if (record.timestamp < timestamp || record.offset < state.startOffset) continue;
      return record.offset < upTo ? { offset: record.offset, timestamp: record.timestamp, leaderEpoch } : undefined;
    }
  } catch (error) {
    // A client may have sent what does not decompress; its header's word must do.
    if (!(error instanceof MoldauError)) throw error;
    const offset = lastOffsetAt(bytes, position);
    return { offset, timestamp: maxTimestampAt(bytes, position), leaderEpoch };
  }
  return undefined;
}
