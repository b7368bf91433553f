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
    const known = segment.index?.findTimestamp(timestamp);
    const place = known ?? (await context.indexes.complete(state, segment)).findTimestamp(timestamp);
    const from = Math.max(place?.offset ?? segment.baseOffset, state.startOffset);
    const found = await searchFrom(context, state, segment, from, upTo, timestamp);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The record below `upTo` with the largest timestamp, the first of several; undefined when the log is empty. */
export async function findMaxTimestamp(
  context: StorageContext,
  state: PartitionState,
  upTo: number,
): Promise<TimestampedOffset | undefined> {
  const segments = state.segments.filter((segment) => segment.endOffset > state.startOffset && segment.baseOffset < upTo);
  const bounds = segments.map((segment) => segment.maxTimestamp).sort((left, right) => right - left);
  for (const bound of new Set(bounds)) {
    const found = bound === NO_TIMESTAMP ? undefined : await findTimestamp(context, state, bound, upTo);
    if (found !== undefined) return found;
  }
  return bounds.length === 0 ? undefined : slowMaximum(context, state, upTo);
}

/** Reads everything: the segments' bounds stem from records that are gone or not committed yet. */
async function slowMaximum(context: StorageContext, state: PartitionState, upTo: number): Promise<TimestampedOffset | undefined> {
  let maximum: number | undefined;
  await eachBatch(context, state, state.startOffset, upTo, ({ bytes, position }) => {
    maximum = Math.max(maximum ?? NO_TIMESTAMP, maxTimestampAt(bytes, position));
    return undefined;
  });
  return maximum === undefined || maximum === NO_TIMESTAMP ? undefined : findTimestamp(context, state, maximum, upTo);
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
    const { batches, nextOffset } = await readLog(context, state, next, { maxBytes: STEP_BYTES, upTo: upTo as Offset });
    for (const bytes of batches) {
      for (const { position } of batchesIn(bytes)) {
        const found = visit({ bytes, position });
        if (found !== undefined) return found;
      }
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
