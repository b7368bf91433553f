import { abortedOf } from '../aborted-index.ts';
import { removeIfThere } from '../disk-calls.ts';
import type { AbortedTransaction } from '../ended-transactions.ts';
import { saveManifest, writeState } from '../manifest.ts';
import type { PartitionState } from '../partition-state.ts';
import { removeSegmentFiles } from '../retention.ts';
import { writeSegmentIndexes } from '../roll.ts';
import type { Segment } from '../segment.ts';
import type { StorageContext } from '../storage-context.ts';
import { cleanedPath } from './cleaned-file.ts';

/**
 * Puts a compacted segment, whose file is finished, in the place of `old`. Runs under `state.maintenance`, with the old
 * segments' files held open: whoever reads them goes on in what they held, and starts again where it must open one anew.
 * Rejects with the disk's error, and then nothing has changed, or the directory is offline.
 */
export async function swapSegments(
  context: StorageContext,
  state: PartitionState,
  old: readonly Segment[],
  cleaned: Segment,
  horizonMs: number,
): Promise<void> {
  const { disk } = context.ports;
  // 1. The new file's name is durable, and no old index can be taken for the new segment's.
  await removeIfThere(disk, cleaned.file('index'));
  await removeIfThere(disk, cleaned.file('timeindex'));
  await takeAborted(context, state, old, cleaned);
  await disk.syncDirectory(state.directory);
  await state.manifest.run(async () => {
    const before = state.cleaned;
    state.swap = { old, cleaned };
    state.cleaned = { to: before.to, horizonMs: Math.max(before.horizonMs, horizonMs) };
    cleaned.phase = 'sealed';
    // 2. partition.json lists it: from here on recovery finishes what a crash interrupts.
    try {
      await writeState(disk, state);
    } catch (error) {
      state.swap = undefined;
      state.cleaned = before;
      throw error;
    }
    // 3. The file takes the first one's name, durably.
    try {
      await disk.rename(cleanedPath(cleaned), cleaned.path);
      await disk.syncDirectory(state.directory);
    } catch (error) {
      throw context.fail(error, 'renaming a compacted segment');
    }
    // 4. Memory has it too; readers that meet a removed segment look again.
    state.swap = undefined;
    state.segments.splice(state.segments.indexOf(old[0] ?? cleaned), old.length, cleaned);
    for (const segment of old) segment.phase = 'removed';
  });
  for (const segment of old) context.indexes.forget(segment);
  discardLater(context, old[0]);
  context.indexes.adopt(cleaned);
  state.tail.dropBefore(cleaned.endOffset);
  // 5. The others' files go. A crash before leaves strays within the new segment, which recovery removes.
  for (const segment of old.slice(1)) await removeSegmentFiles(context, state, segment);
  await writeSegmentIndexes(context, state, cleaned);
  cleaned.forgetAborted(cleaned.abortedCount);
  await saveManifest(disk, state);
}

/** What was aborted stays so: more than is left of it does no harm. The file of the first segment is not that of the new one. */
async function takeAborted(context: StorageContext, state: PartitionState, old: readonly Segment[], cleaned: Segment): Promise<void> {
  const aborted: AbortedTransaction[] = [];
  for (const segment of old) for (const transaction of await abortedOf(context, state, segment)) aborted.push(transaction);
  cleaned.aborted = aborted;
  await removeIfThere(context.ports.disk, cleaned.file('txnindex'));
}

/** Its file is nameless now, and goes when the last reader closes it. */
function discardLater(context: StorageContext, segment: Segment | undefined): void {
  if (segment === undefined) return;
  void context.descriptors
    .discard(segment)
    .catch((error: unknown) => context.ports.logger.warn('closing a compacted segment failed', { error: String(error) }));
}
