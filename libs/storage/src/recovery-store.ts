import { MoldauError } from '@moldau/kernel';
import { saveManifest } from './manifest.ts';
import type { Recovery } from './partition-recovery.ts';
import type { Segment } from './segment.ts';
import { syncWritten, writeUnwritten } from './segment-writer.ts';

/** Recovery leaves batches in memory and the journal up to this part of `unwrittenBytesMax`: appends need the rest. */
const KEPT_SHARE_MAX = 1 / 4;

/** Makes the files what was found to be the log, durably, or leaves that to the journal where it holds all there is to do. */
export async function storeRecovered(recovery: Recovery): Promise<void> {
  const { context, state, manifest, evidence } = recovery;
  const unsealed = state.segments.filter((segment) => segment.phase !== 'sealed');
  // 1. What is no batch of this log goes.
  for (const segment of unsealed) await cutFile(recovery, segment);
  state.recoveryCutBytes = recovery.cutBytes;
  state.settle();
  if (keepInJournal(recovery, unsealed)) return;
  // 2. What only the journal had is written; then all is durable without it.
  // What lies below the checkpointed high watermark was flushed, and without the journal's help: no need to do it again.
  if (recovery.highWatermark >= state.endOffset && !evidence.journal.holds(state.logId)) {
    for (const segment of unsealed) segment.assumeSynced();
  }
  await state.writes.run(() => writeUnwritten(context, state));
  await state.syncs.run(() => syncWritten(context, state));
  if (context.condition.kind !== 'online' || state.hasUnwritten) {
    const facts = { path: state.directory, condition: context.condition.kind };
    throw new MoldauError(
      context.condition.kind === 'full' ? 'DISK_FULL' : 'DATA_DIRECTORY_UNUSABLE',
      `${state.directory} can't be recovered`,
      facts,
    );
  }
  // 3. The truncation that was under way is over. Entries of the journal from behind the log's end must never continue it.
  const stale = evidence.journalStays && evidence.journal.reachesBehind(state.logId, state.journalFloor, state.endOffset);
  if (stale) state.journalFloor = evidence.journal.nextSequence;
  if (manifest.cutAt !== undefined || stale) await saveManifest(context.ports.disk, state);
}

/**
 * Everything is durable in segments and journal together, as it was before the stop: below the checkpointed high watermark it
 * was flushed, and the journal covers the rest. Then nothing is written or synced now, and what the journal has given is
 * kept in memory as after an append. False when that is not so.
 */
function keepInJournal(recovery: Recovery, unsealed: readonly Segment[]): boolean {
  const { context, state, manifest, evidence, highWatermark } = recovery;
  const { journal, journalStays } = evidence;
  if (!journalStays || manifest.cutAt !== undefined || !journal.holds(state.logId)) return false;
  if (context.unwrittenBytes > context.settings.unwrittenBytesMax * KEPT_SHARE_MAX) return false;
  // The tail in memory reaches to the log's end: no file may follow what the journal gave.
  const firstUnwritten = unsealed.findIndex((segment) => segment.unwritten.length > 0);
  if (firstUnwritten >= 0 && unsealed.slice(firstUnwritten + 1).some((segment) => segment.writtenBytes > 0)) return false;
  const durableEnd = Math.min(Math.max(highWatermark, manifest.unsealedFrom), state.endOffset);
  const holds = journal.covering(state.logId, state.journalFloor, durableEnd, state.endOffset);
  if (holds === undefined) return false;
  for (const { generation, endOffset } of holds) context.journal.hold(state, generation, endOffset);
  for (const segment of unsealed) {
    segment.inherited = true;
    segment.unwritten = segment.unwritten.flatMap(({ bytes, baseOffset, endOffset }) => state.tail.append(bytes, baseOffset, endOffset));
  }
  return true;
}

async function cutFile(recovery: Recovery, segment: Segment): Promise<void> {
  const excess = (recovery.fileBytes.get(segment) ?? 0) - segment.writtenBytes;
  if (excess <= 0) return;
  const descriptor = await recovery.context.descriptors.acquire(segment);
  try {
    await descriptor.file.truncate(segment.writtenBytes);
    await descriptor.file.sync();
  } finally {
    recovery.context.descriptors.release(descriptor);
  }
  if (recovery.manifest.cutAt === undefined) recovery.cutBytes += excess;
}
