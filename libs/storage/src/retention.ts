import { isAged } from './append.ts';
import { isDiskError, removeIfThere } from './disk-calls.ts';
import { saveManifest } from './manifest.ts';
import { rollAfterMs } from './partition-config.ts';
import type { PartitionState } from './partition-state.ts';
import { DELETED_SUFFIX } from './paths.ts';
import { rollNow } from './roll.ts';
import type { Segment } from './segment.ts';
import type { StorageContext } from './storage-context.ts';

const NO_LIMIT = -1;

/** Rolls an active segment whose time has come although nothing is appended. */
export function rollIfIdle(context: StorageContext, state: PartitionState): void {
  const { active, config } = state;
  const { kind } = context.condition;
  if (active.sizeBytes === 0 || state.status.kind !== 'online' || state.paused !== undefined || kind === 'offline') return;
  const nowMs = context.ports.clock.wallMs();
  // On a full disk only to free space.
  if ((kind === 'online' && isAged(active, rollAfterMs(config), nowMs)) || isExpired(active, state, nowMs)) rollNow(context, state);
}

/** Deletes the oldest sealed segments that the topic's settings no longer keep. Runs under `state.maintenance`. */
export async function applyRetention(context: StorageContext, state: PartitionState): Promise<void> {
  if (state.status.kind !== 'online' || context.condition.kind === 'offline') return;
  const nowMs = context.ports.clock.wallMs();
  let excess = state.config.retentionBytes === NO_LIMIT ? 0 : state.sizeBytes - state.config.retentionBytes;
  let startOffset = state.startOffset;
  for (const segment of state.segments) {
    // What is not committed is not old.
    if (segment.phase !== 'sealed' || segment.endOffset > state.highWatermark) break;
    const tooMuch = excess >= segment.sizeBytes && excess > 0;
    if (!tooMuch && !isExpired(segment, state, nowMs)) break;
    excess -= segment.sizeBytes;
    startOffset = Math.max(startOffset, segment.endOffset);
  }
  if (startOffset > state.startOffset) await moveStart(context, state, startOffset);
  else await freeSegments(context, state);
}

/** Moves the log's start, durably, and frees the segments that lie below it. Runs under `state.maintenance`. */
export async function moveStart(context: StorageContext, state: PartitionState, startOffset: number): Promise<void> {
  state.startOffset = startOffset;
  state.epochs.truncateStart(startOffset);
  await freeSegments(context, state, { startMoved: true });
}

/** Frees the sealed segments that lie below the log's start. */
async function freeSegments(
  context: StorageContext,
  state: PartitionState,
  options: { readonly startMoved?: boolean } = {},
): Promise<void> {
  const freed: Segment[] = [];
  while (state.segments.length > 1 && isBelowStart(state)) {
    const segment = state.segments.shift();
    if (segment === undefined) break;
    segment.phase = 'removed';
    freed.push(segment);
  }
  if (freed.length === 0 && options.startMoved !== true) return;
  // 1. partition.json no longer lists them and has the new start: both at once, so neither can be true alone.
  try {
    await context.reserve.use(() => saveManifest(context.ports.disk, state));
  } catch (error) {
    // They are freed the next time.
    for (const segment of freed) segment.phase = 'sealed';
    state.segments.unshift(...freed);
    throw error;
  }
  // 2. The files go. A crash before leaves strays below the start, which recovery removes.
  for (const segment of freed) await removeSegmentFiles(context, state, segment);
}

/** Takes the files of a segment that partition.json no longer lists away. */
export async function removeSegmentFiles(context: StorageContext, state: PartitionState, segment: Segment): Promise<void> {
  const { disk } = context.ports;
  context.indexes.forget(segment);
  for (const kind of ['index', 'timeindex', 'txnindex', 'snapshot'] as const) await removeIfThere(disk, segment.file(kind));
  const deleted = segment.path + DELETED_SUFFIX;
  try {
    await disk.rename(segment.path, deleted);
  } catch (error) {
    if (!isDiskError(error, 'not-found')) throw error;
    return;
  }
  // Reads that have the file open go on.
  void context.descriptors
    .discard(segment)
    .catch((error: unknown) => context.ports.logger.warn('closing a deleted segment failed', { error: String(error) }));
  context.removeLater(deleted, state.config.fileDeleteDelayMs);
}

function isBelowStart(state: PartitionState): boolean {
  const first = state.segments[0];
  return first !== undefined && first.phase === 'sealed' && first.endOffset <= state.startOffset;
}

function isExpired(segment: Segment, state: PartitionState, nowMs: number): boolean {
  const { retentionMs } = state.config;
  // A segment without timestamps counts from when it was begun.
  const newest = segment.maxTimestamp >= 0 ? segment.maxTimestamp : segment.firstAppendMs;
  return retentionMs !== NO_LIMIT && newest !== undefined && nowMs - newest > retentionMs;
}
