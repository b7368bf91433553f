import { DiskError, MoldauError } from '@moldau/kernel';
import { isDiskError } from './disk-calls.ts';
import type { PartitionState } from './partition-state.ts';
import { rebuildProducers } from './producer-rebuild.ts';
import type { Segment } from './segment.ts';
import type { StorageContext } from './storage-context.ts';
import { holdEntries } from './tail-slab.ts';

/** One write call takes at most this many batches and bytes, so that a long queue is written in steps. */
const WRITE_ENTRIES_MAX = 1024;
const WRITE_BYTES_MAX = 8 * 1024 * 1024;

/**
 * Writes all appended batches of a partition to its segment files, in order. Runs under `state.writes`. Never rejects: a
 * full disk takes back what was not written, any other failure takes the directory offline.
 */
export async function writeUnwritten(context: StorageContext, state: PartitionState): Promise<void> {
  for (;;) {
    const segment = state.firstUnwritten;
    if (segment === undefined || context.condition.kind === 'offline' || state.status.kind === 'closed') return;
    try {
      await writeSome(context, segment);
    } catch (error) {
      await writeFailed(context, state, segment, error);
      return;
    }
    state.advance();
  }
}

/**
 * Syncs the segment files of a partition with unsynced bytes, oldest first: what is durable is always a prefix. Runs under
 * `state.syncs`. Never rejects: a failure takes the directory offline and is never retried.
 */
export async function syncWritten(context: StorageContext, state: PartitionState): Promise<void> {
  try {
    for (let index = firstDirty(state); index < state.segments.length; index++) {
      const segment = state.segments[index];
      // A segment that was written to while it was synced is synced again before its successor counts.
      while (segment?.dirty === true && context.condition.kind !== 'offline' && segment.phase !== 'removed')
        await syncSegment(context, segment);
      if (context.condition.kind === 'offline') return;
    }
    state.advance();
  } catch (error) {
    context.fail(error, 'a sync');
  }
}

async function writeSome(context: StorageContext, segment: Segment): Promise<void> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (const entry of segment.unwritten) {
    if (chunks.length === WRITE_ENTRIES_MAX || (bytes > 0 && bytes + entry.sizeBytes > WRITE_BYTES_MAX)) break;
    chunks.push(entry.bytes);
    bytes += entry.sizeBytes;
  }
  const letGo = holdEntries(segment.unwritten.slice(0, chunks.length));
  try {
    const descriptor = await context.descriptors.acquire(segment);
    try {
      await descriptor.file.write(chunks, segment.writtenBytes);
      segment.wrote(chunks.length);
      context.unwrittenBytes -= bytes;
    } finally {
      context.descriptors.release(descriptor);
    }
  } finally {
    letGo();
  }
  context.tails.evict();
}

async function syncSegment(context: StorageContext, segment: Segment): Promise<void> {
  const { writtenBytes, writtenEnd } = segment;
  const startMs = context.ports.clock.monotonicMs();
  const descriptor = await context.descriptors.acquire(segment);
  try {
    // 1. The bytes are durable.
    await descriptor.file.sync();
    // 2. So is the file's name; only then do the bytes count.
    if (!segment.nameDurable) {
      await context.ports.disk.syncDirectory(segment.directory);
      segment.nameDurable = true;
    }
    segment.syncedBytes = writtenBytes;
    segment.syncedEnd = writtenEnd;
  } finally {
    context.descriptors.release(descriptor);
  }
  context.metrics.flushSeconds.record((context.ports.clock.monotonicMs() - startMs) / 1000);
}

function firstDirty(state: PartitionState): number {
  for (let index = state.segments.length - 1; index >= 0; index--) {
    const segment = state.segments[index];
    if (segment === undefined || (!segment.dirty && segment.syncedEnd > segment.baseOffset)) return index;
  }
  return 0;
}

async function writeFailed(context: StorageContext, state: PartitionState, segment: Segment, error: unknown): Promise<void> {
  if (!isDiskError(error, 'no-space')) {
    context.fail(error, 'a write');
    return;
  }
  // 1. From here on nobody appends.
  context.enterFull();
  const from = Math.max(state.writtenEnd, state.journalPendingEnd);
  const to = state.endOffset;
  dropUnwritten(context, state, from);
  try {
    // 2. What a failed write left of a batch is cut off, durably: only then is it sure that it will not come back.
    if (segment.exists) await cutBack(context, segment);
    if (from === to) return;
    // 3. The producers' sequences are again those of the log.
    await rebuildProducers(context, state);
  } catch (failure) {
    context.fail(failure, 'cutting off a batch that found no space');
    return;
  } finally {
    state.paused = undefined;
  }
  const facts = { topic_id: state.topicId, partition: String(state.partition), from: String(from), to: String(to) };
  const cause = error instanceof DiskError ? error.message : String(error);
  const full = new MoldauError('DISK_FULL', `no space was left for offsets ${from} to ${to}: ${cause}`, facts, { cause: error });
  state.listener?.({ kind: 'dropped', from, to, error: full });
}

/** Takes back, at once, every append that neither a segment file nor the journal holds. */
function dropUnwritten(context: StorageContext, state: PartitionState, from: number): void {
  if (from === state.endOffset) return;
  state.paused = 'rebuilding';
  const before = state.sizeBytes;
  for (const segment of state.segments) segment.dropUnwritten(from);
  context.unwrittenBytes -= before - state.sizeBytes;
  // Segments begun for what is gone are gone too, but for one after a sealed segment.
  while (state.segments.at(-2)?.phase === 'sealing' && state.active.baseOffset >= from && state.active.writtenBytes === 0) {
    const empty = state.segments.pop();
    if (empty === undefined) break;
    empty.phase = 'removed';
    state.snapshots.delete(empty.baseOffset);
    if (empty.exists) void context.descriptors.discard(empty);
    state.active.phase = 'active';
  }
  state.tail.truncate(from);
  state.epochs.truncateEnd(from);
  state.uncommittedEnds.truncate(from);
  for (const segment of state.segments) segment.index?.truncate(from);
  state.truncations += 1;
}

async function cutBack(context: StorageContext, segment: Segment): Promise<void> {
  if (segment.phase === 'removed') return;
  const descriptor = await context.descriptors.acquire(segment);
  try {
    await descriptor.file.truncate(segment.writtenBytes);
    await descriptor.file.sync();
    if (!segment.nameDurable) await context.ports.disk.syncDirectory(segment.directory);
    segment.nameDurable = true;
  } finally {
    context.descriptors.release(descriptor);
  }
}
