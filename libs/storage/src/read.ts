import { DiskError, MoldauError, type Offset } from '@moldau/kernel';
import { isDiskError } from './disk-calls.ts';
import type { PartitionState } from './partition-state.ts';
import type { Segment } from './segment.ts';
import { DamageFound, reportDamage, walkSegment } from './segment-walk.ts';
import type { StorageContext } from './storage-context.ts';
import type { TailRead } from './tail.ts';

/** How often a read starts again because segments changed under it. */
const READ_ATTEMPTS_MAX = 8;

export interface ReadOptions {
  /** Of batches; the first is returned whole even if it is larger. */
  readonly maxBytes: number;
  /** Exclusive: the high watermark for consumers, `writtenEnd` for followers. */
  readonly upTo: Offset;
}

/** What a read found. Nothing is served between `upTo` and the log's end: `batches` is then empty and `nextOffset` is `from`. */
export interface ReadResult {
  /** Runs of whole batches; the first batch may begin below `from`. Views: they must not be changed. */
  readonly batches: readonly Uint8Array[];
  /** Where to read on. */
  readonly nextOffset: Offset;
  readonly source: 'tail' | 'disk';
  /**
   * Says that nothing looks at `batches` any more, so that their memory may be used again; at most once, also after an error.
   * Never calling it is safe and costs garbage. Who keeps a read for long keeps memory that is many times its size, and rather
   * makes a copy.
   */
  readonly release: () => void;
}

const nothingToRelease = (): void => {};

/**
 * Reads whole batches from the one that holds `from`; at once when they are in memory.
 *
 * @throws (or rejects) MoldauError OFFSET_OUT_OF_RANGE with `first` and `last`, PARTITION_OFFLINE, CORRUPT_LOG
 */
export function readLog(
  context: StorageContext,
  state: PartitionState,
  from: number,
  options: ReadOptions,
): ReadResult | Promise<ReadResult> {
  assertReadable(state);
  assertInRange(state, from);
  const upTo = readLimit(state, options.upTo);
  if (from >= upTo) return { batches: [], nextOffset: from as Offset, source: 'tail', release: nothingToRelease };
  const found = state.tail.read(from, options.maxBytes, upTo);
  if (found !== undefined) {
    context.metrics.tailReads.add(1);
    return fromTail(found);
  }
  return readFromDisk(context, state, from, options);
}

async function readFromDisk(context: StorageContext, state: PartitionState, from: number, options: ReadOptions): Promise<ReadResult> {
  context.metrics.diskReads.add(1);
  for (let attempt = 1; ; attempt++) {
    const { truncations } = state;
    const upTo = readLimit(state, options.upTo);
    const segment = segmentFor(state, from);
    if (segment === undefined || from >= state.endOffset) assertInRange(state, from);
    if (segment === undefined || Math.max(from, segment.baseOffset) >= upTo)
      return { batches: [], nextOffset: from as Offset, source: 'disk', release: nothingToRelease };
    // Batches that are not in the file yet are in memory.
    if (from >= segment.writtenEnd) {
      const found = state.tail.read(from, options.maxBytes, upTo);
      if (found !== undefined) return fromTail(found);
    }
    try {
      const limit = Math.min(upTo, segment.writtenEnd);
      const found = await walkSegment(context, state, segment, {
        from: Math.max(from, segment.baseOffset),
        upTo: limit,
        maxBytes: options.maxBytes,
      });
      assertReadable(state);
      if (state.truncations === truncations) return { ...found, nextOffset: found.nextOffset as Offset, source: 'disk' };
      found.release();
    } catch (error) {
      const moved = state.truncations !== truncations || segment.phase === 'removed';
      if (!moved || attempt === READ_ATTEMPTS_MAX) throw readFailure(context, state, segment.path, error);
    }
    assertReadable(state);
    assertInRange(state, from);
    if (attempt === READ_ATTEMPTS_MAX) return { batches: [], nextOffset: from as Offset, source: 'disk', release: nothingToRelease };
  }
}

/** The segment that holds `from`, or the next where a repair has left a gap. */
function segmentFor(state: PartitionState, from: number): Segment | undefined {
  const at = state.segments.findLastIndex((candidate) => candidate.baseOffset <= from);
  const segment = state.segments[at];
  const next = state.segments[at + 1];
  return segment !== undefined && next !== undefined && from >= segment.endOffset ? next : segment;
}

/** When the directory has failed, only what was flushed is certain to be what it seems. */
function readLimit(state: PartitionState, upTo: number): number {
  return Math.min(upTo, state.status.kind === 'offline' ? state.flushedEnd : state.endOffset);
}

function assertReadable(state: PartitionState): void {
  if (state.status.kind === 'corrupt' || state.status.kind === 'closed') throw state.offlineError();
}

function assertInRange(state: PartitionState, from: number): void {
  if (from >= state.startOffset && from <= state.endOffset) return;
  const facts = {
    topic_id: state.topicId,
    partition: String(state.partition),
    offset: String(from),
    first: String(state.startOffset),
    last: String(state.endOffset),
  };
  throw new MoldauError('OFFSET_OUT_OF_RANGE', `offset ${from} is outside the log, ${state.startOffset} to ${state.endOffset}`, facts);
}

/** The error of a read that failed; a sector that can't be read is damage, and makes the partition corrupt. */
export function readFailure(context: StorageContext, state: PartitionState, path: string, error: unknown): unknown {
  if (error instanceof DamageFound) return reportDamage(context, state, error.where);
  if (error instanceof MoldauError) return error;
  if (isDiskError(error, 'too-many-files')) {
    return new MoldauError('MEMORY_BUDGET_EXHAUSTED', `no descriptor is left to open ${path}`, { file: path }, { cause: error });
  }
  if (!(error instanceof DiskError)) return error;
  // A sector that can't be read is damage: the rest of the disk may be well.
  return reportDamage(context, state, { file: path, position: -1, offset: -1, reason: error.message });
}

function fromTail({ batches, nextOffset, release }: TailRead): ReadResult {
  return { batches, nextOffset: nextOffset as Offset, source: 'tail', release };
}
