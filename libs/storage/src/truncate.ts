import { assert, MoldauError } from '@moldau/kernel';
import { abortedOf } from './aborted-index.ts';
import { isDiskError } from './disk-calls.ts';
import { saveManifest } from './manifest.ts';
import type { PartitionState } from './partition-state.ts';
import { rebuildProducers } from './producer-rebuild.ts';
import { NO_TIMESTAMP, type Segment } from './segment.ts';
import type { IndexedPlace } from './segment-index.ts';
import { DamageFound, reportDamage, walkTo } from './segment-walk.ts';
import { syncWritten, writeUnwritten } from './segment-writer.ts';
import type { StorageContext } from './storage-context.ts';

export interface TruncateOptions {
  /** Allow to go below the high watermark: an operator's order. */
  readonly acceptLoss?: boolean;
}

/**
 * Makes `offset` the log's end. It must be where a batch begins. Appends and the answers of reads wait or start again.
 *
 * @throws MoldauError LOSS_NOT_ACCEPTED below the high watermark, OFFSET_OUT_OF_RANGE below the start, PARTITION_OFFLINE
 */
export async function truncateLog(context: StorageContext, state: PartitionState, offset: number, options: TruncateOptions): Promise<void> {
  await state.maintenance.run(async () => {
    state.assertOnline();
    if (offset >= state.endOffset) return;
    assertMayTruncate(state, offset, options);
    state.paused = 'truncating';
    try {
      await state.writes.run(() => truncateHeld(context, state, offset));
    } catch (error) {
      // Half a truncation is finished by recovery; until then the log is in neither state.
      if (error instanceof MoldauError) throw error;
      if (error instanceof DamageFound) throw reportDamage(context, state, error.where);
      throw context.fail(error, 'a truncation');
    } finally {
      state.paused = undefined;
    }
  });
}

function assertMayTruncate(state: PartitionState, offset: number, options: TruncateOptions): void {
  const facts = {
    topic_id: state.topicId,
    partition: String(state.partition),
    offset: String(offset),
    first: String(state.startOffset),
    high_watermark: String(state.highWatermark),
    end: String(state.endOffset),
  };
  if (offset < state.startOffset)
    throw new MoldauError('OFFSET_OUT_OF_RANGE', `truncation to ${offset}, below the log's start ${state.startOffset}`, facts);
  if (offset < state.highWatermark && options.acceptLoss !== true) {
    throw new MoldauError('LOSS_NOT_ACCEPTED', `truncation to ${offset} would lose committed records below ${state.highWatermark}`, facts);
  }
}

/** Holds `maintenance` and `writes`. */
async function truncateHeld(context: StorageContext, state: PartitionState, target: number): Promise<void> {
  const { disk } = context.ports;
  // 1. What stays and is in memory or the journal only is durable in segments: the journal is about to lose its say.
  await writeUnwritten(context, state);
  await state.syncs.run(() => syncWritten(context, state));
  if (context.condition.kind !== 'online' || state.hasUnwritten) {
    throw new MoldauError('DISK_FULL', `no truncation while ${context.root} is ${context.condition.kind}`, { path: context.root });
  }
  const { offset, position } = await findBatchStart(context, state, target);
  // 2. The high watermark no longer claims what goes.
  if (state.highWatermark > offset) {
    state.highWatermark = offset;
    await context.checkpoint.write();
  }
  await state.syncs.run(async () => {
    const kept = unsealFrom(context, state, offset);
    await forgetAborted(context, state, kept, offset);
    // 3. The intent is durable: from here on recovery finishes the truncation, and the journal's older entries are void.
    state.journalFloor = context.journal.nextSequence;
    state.cleaned = { ...state.cleaned, to: Math.min(state.cleaned.to, offset) };
    context.journal.release(state);
    await saveManifest(disk, state, offset);
    // 4. The files say so too.
    await removeSegments(context, state, kept);
    await cutFile(context, state.active, position);
    forget(state, offset);
    // 5. The intent is done with; only now may batches come to stand where others were.
    await saveManifest(disk, state);
    await rebuildProducers(context, state);
  });
}

/** Where the batch begins that begins at `offset`; in a compacted log, that holds it. */
async function findBatchStart(context: StorageContext, state: PartitionState, offset: number): Promise<IndexedPlace> {
  const segment = state.segments.findLast((candidate) => candidate.baseOffset <= offset);
  assert(segment !== undefined, 'the log has a segment for its start', { offset });
  if (segment.baseOffset === offset) return { offset, position: 0 };
  const found = await walkTo(context, state, segment, offset);
  // Compaction joins removed batches: such a one goes whole, there is nothing in it to keep.
  const joined = offset < state.cleaned.to && found.offset >= state.startOffset;
  if (found.offset !== offset && !joined) {
    throw new MoldauError('INVALID_REQUEST', `no batch begins at ${offset}; the one that holds it begins before`, {
      offset: String(offset),
    });
  }
  segment.index = await context.indexes.complete(state, segment);
  return found;
}

/** Makes the segment that holds `offset` the active one, in memory; returns how many segments stay. */
function unsealFrom(context: StorageContext, state: PartitionState, offset: number): number {
  const at = state.segments.findLastIndex((segment) => segment.baseOffset <= offset);
  for (const segment of state.segments.slice(at)) {
    context.indexes.forget(segment);
    segment.phase = 'sealing';
  }
  return at + 1;
}

/** The segment that takes appends again has its aborted transactions in memory: those whose markers stay. */
async function forgetAborted(context: StorageContext, state: PartitionState, kept: number, offset: number): Promise<void> {
  const segment = state.segments[kept - 1];
  if (segment === undefined) return;
  const aborted = await abortedOf(context, state, segment);
  segment.aborted = aborted.filter(({ markerOffset }) => markerOffset < offset);
}

async function removeSegments(context: StorageContext, state: PartitionState, kept: number): Promise<void> {
  const removed = state.segments.splice(kept);
  for (const segment of removed.reverse()) {
    segment.phase = 'removed';
    state.snapshots.delete(segment.baseOffset);
    await context.descriptors.discard(segment);
    for (const kind of ['log', 'index', 'timeindex', 'txnindex', 'snapshot'] as const) {
      try {
        await context.ports.disk.removeFile(segment.file(kind));
      } catch (error) {
        if (!isDiskError(error, 'not-found')) throw error;
      }
    }
  }
  state.active.phase = 'active';
}

async function cutFile(context: StorageContext, segment: Segment, boundary: number): Promise<void> {
  if (segment.exists) {
    const descriptor = await context.descriptors.acquire(segment);
    try {
      await descriptor.file.truncate(boundary);
      await descriptor.file.sync();
    } finally {
      context.descriptors.release(descriptor);
    }
    await context.ports.disk.syncDirectory(segment.directory);
    segment.nameDurable = true;
  }
  segment.sizeBytes = boundary;
  segment.writtenBytes = boundary;
  segment.syncedBytes = boundary;
}

function forget(state: PartitionState, offset: number): void {
  const { active } = state;
  active.endOffset = offset;
  active.writtenEnd = offset;
  active.syncedEnd = offset;
  active.index?.truncate(offset);
  if (active.maxTimestampOffset >= offset) {
    // An upper bound stays; it is exact again once the segment is read.
    active.maxTimestampOffset = active.baseOffset;
    if (active.sizeBytes === 0) active.maxTimestamp = NO_TIMESTAMP;
  }
  if (active.sizeBytes === 0) active.firstAppendMs = undefined;
  state.tail.truncate(offset);
  state.epochs.truncateEnd(offset);
  state.uncommittedEnds.truncate(offset);
  state.truncations += 1;
  state.settle();
}
