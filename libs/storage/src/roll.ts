import { writeAbortedIndex } from './aborted-index.ts';
import { forEachBounded, replaceFile, writeFile } from './disk-calls.ts';
import { encodeLeaderEpochs } from './leader-epochs.ts';
import { saveManifest } from './manifest.ts';
import type { PartitionState } from './partition-state.ts';
import { LEADER_EPOCHS_FILE, segmentName } from './paths.ts';
import { encodeSnapshot } from './producer-snapshot.ts';
import { Segment } from './segment.ts';
import { syncWritten, writeUnwritten } from './segment-writer.ts';
import { encodeSideFile } from './side-file.ts';
import type { StorageContext } from './storage-context.ts';

/** Segments whose side files are written at once. */
const SEAL_CONCURRENCY = 1;

/**
 * Ends the active segment and begins the next, in memory, at once: appends go on in the new one while the old one is
 * flushed and sealed behind. Nothing in the new segment counts as durable before the old one is: syncs go from old to new.
 */
export function rollNow(context: StorageContext, state: PartitionState): void {
  const old = state.active;
  const base = old.endOffset;
  state.snapshots.set(base, encodeSideFile('producerSnapshot', encodeSnapshot(state.logId, base, state.producers, state.uncommittedEnds)));
  old.phase = 'sealing';
  state.segments.push(new Segment(state.directory, base));
  context.requestSeal(state);
}

/** Seals what `rollNow` left behind. Runs under `state.maintenance`. Rejects with the disk's error; may be tried again. */
export async function sealSegments(context: StorageContext, state: PartitionState): Promise<void> {
  // 1. All batches of the old segments are in their files, durable.
  await state.writes.run(() => writeUnwritten(context, state));
  await state.syncs.run(() => syncWritten(context, state));
  const flushed = state.segments.filter((segment) => segment.phase === 'sealing' && !segment.dirty && segment.unwritten.length === 0);
  if (flushed.length === 0 || context.condition.kind === 'offline' || state.status.kind !== 'online') return;
  // 2. Side files, each checked by its own CRC when read and rebuilt from the log when bad: no order between them.
  const kept = flushed.filter((segment) => segment.endOffset > state.startOffset);
  await forEachBounded(kept, SEAL_CONCURRENCY, (segment) => writeSegmentIndexes(context, state, segment));
  const { disk } = context.ports;
  const bases = flushed.map((segment) => segment.endOffset);
  for (const base of bases) {
    const snapshot = state.snapshots.get(base);
    if (snapshot !== undefined) await writeFile(disk, `${state.directory}/${segmentName(base, 'snapshot')}`, snapshot, { sync: true });
  }
  const epochs = encodeSideFile('leaderEpochs', encodeLeaderEpochs(state.logId, state.epochs.entries));
  // 3. Also makes the names of step 2 durable.
  await replaceFile(disk, state.directory, LEADER_EPOCHS_FILE, epochs);
  // A truncation or a full disk may have made one of them active again meanwhile.
  const sealed = flushed.filter((segment) => segment.phase === 'sealing');
  for (const segment of sealed) segment.phase = 'sealed';
  // 4. partition.json lists them: from now on they are not scanned at recovery.
  try {
    await saveManifest(disk, state);
  } catch (error) {
    for (const segment of sealed) if (segment.phase === 'sealed') segment.phase = 'sealing';
    throw error;
  }
  for (const base of bases) state.snapshots.delete(base);
  for (const segment of sealed) {
    context.indexes.adopt(segment);
    // It was written above; a truncation may have made the segment active again since.
    if (segment.phase === 'sealed') segment.forgetAborted(segment.abortedCount);
  }
}

/** Writes `.index`, `.timeindex` and `.txnindex` as of now; not synced, as they are checked and can be rebuilt. */
export async function writeSegmentIndexes(context: StorageContext, state: PartitionState, segment: Segment): Promise<void> {
  const index = await context.indexes.complete(state, segment);
  const { baseOffset, endOffset, sizeBytes } = segment;
  const log = { logId: state.logId, baseOffset, endOffset, sizeBytes };
  const { disk } = context.ports;
  await writeFile(disk, segment.file('index'), encodeSideFile('offsetIndex', index.encodeOffsets(log)), { sync: false });
  await writeFile(disk, segment.file('timeindex'), encodeSideFile('timeIndex', index.encodeTimestamps(log)), { sync: false });
  await writeAbortedIndex(context, state, segment, segment.aborted ?? []);
}
