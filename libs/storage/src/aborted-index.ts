import { DiskError } from '@moldau/kernel';
import { ByteReader, ByteWriter } from './byte-codec.ts';
import { isDiskError, readWhole, writeFile } from './disk-calls.ts';
import { type AbortedTransaction, readAborted, writeAborted } from './ended-transactions.ts';
import type { PartitionState } from './partition-state.ts';
import { producersBefore } from './producer-rebuild.ts';
import { readFailure } from './read.ts';
import type { Segment } from './segment.ts';
import { scanSegment } from './segment-scan.ts';
import { decodeSideFile, encodeSideFile } from './side-file.ts';
import type { StorageContext } from './storage-context.ts';

/** How often a look-up starts again because segments changed under it; then it gives what it found: too much does no harm. */
const ATTEMPTS_MAX = 4;

interface AbortedRange {
  readonly from: number;
  readonly upTo: number;
}

/**
 * `.txnindex`: the aborted transactions whose marker lies in a segment, by marker. A segment that is not sealed has them in
 * memory; of a sealed one partition.json has their number, and there is no file when it is 0. The file is checked when it is
 * read, and made again from the log when it does not match.
 *
 *   payload: log id text, base offset int64, end offset int64, count int32, then per transaction: producer id, first offset,
 *            marker's offset, decided end, each int64
 */
export async function writeAbortedIndex(
  context: StorageContext,
  state: PartitionState,
  segment: Segment,
  aborted: readonly AbortedTransaction[],
): Promise<void> {
  if (aborted.length === 0) return;
  const writer = new ByteWriter();
  writer.text(state.logId);
  writer.int64(segment.baseOffset);
  writer.int64(segment.endOffset);
  writeAborted(writer, aborted);
  await writeFile(context.ports.disk, segment.file('txnindex'), encodeSideFile('abortedIndex', writer.finish()), { sync: false });
}

/** The aborted transactions whose marker lies in the segment. */
export async function abortedOf(context: StorageContext, state: PartitionState, segment: Segment): Promise<readonly AbortedTransaction[]> {
  if (segment.aborted !== undefined) return segment.aborted;
  if (segment.abortedCount === 0) return [];
  return (await readAbortedIndex(context, state, segment)) ?? (await rebuildAborted(context, state, segment));
}

/** Aborted transactions with batches in [from, upTo), by marker: what a reader of committed records needs to skip them. */
export async function findAborted(
  context: StorageContext,
  state: PartitionState,
  range: AbortedRange,
): Promise<readonly AbortedTransaction[]> {
  for (let attempt = 1; ; attempt++) {
    const { truncations } = state;
    const segments = state.segments.filter(({ endOffset }) => endOffset > range.from);
    const isChanged = (): boolean => state.truncations !== truncations || segments.some(({ phase }) => phase === 'removed');
    try {
      const found = await findIn(context, state, segments, range);
      if (!isChanged() || attempt === ATTEMPTS_MAX) return found;
    } catch (error) {
      if (isChanged() && attempt < ATTEMPTS_MAX) continue;
      throw readFailure(context, state, state.directory, error);
    }
  }
}

async function findIn(
  context: StorageContext,
  state: PartitionState,
  segments: readonly Segment[],
  range: AbortedRange,
): Promise<readonly AbortedTransaction[]> {
  const { from, upTo } = range;
  const found: AbortedTransaction[] = [];
  // A marker lies behind its batches, so no segment before matters.
  for (const segment of segments) {
    for (const transaction of await abortedOf(context, state, segment)) {
      if (transaction.markerOffset >= from && transaction.firstOffset < upTo) found.push(transaction);
      // Whatever ends later begins behind what is asked for.
      if (transaction.decidedEnd >= upTo) return found;
    }
  }
  return found;
}

async function readAbortedIndex(
  context: StorageContext,
  state: PartitionState,
  segment: Segment,
): Promise<readonly AbortedTransaction[] | undefined> {
  const file = decodeSideFile('abortedIndex', await readIfReadable(context, segment.file('txnindex')));
  if (file.kind !== 'valid') return undefined;
  const reader = new ByteReader(file.content);
  const { baseOffset, endOffset, abortedCount } = segment;
  if (reader.text() !== state.logId || reader.int64() !== baseOffset || reader.int64() !== endOffset) return undefined;
  const aborted = readAborted(reader);
  return aborted.length === abortedCount ? aborted : undefined;
}

/** A sector that can't be read is as good as a file that is missing: the log has all that it holds. */
async function readIfReadable(context: StorageContext, path: string): Promise<Uint8Array | undefined> {
  try {
    return await readWhole(context.ports.disk, path);
  } catch (error) {
    if (!(error instanceof DiskError) || isDiskError(error, 'too-many-files')) throw error;
    return undefined;
  }
}

async function rebuildAborted(context: StorageContext, state: PartitionState, segment: Segment): Promise<readonly AbortedTransaction[]> {
  const producers = await producersBefore(context, state, state.segments.indexOf(segment));
  const aborted: AbortedTransaction[] = [];
  const descriptor = await context.descriptors.acquire(segment);
  try {
    const range = { position: 0, offset: segment.baseOffset, endPosition: segment.sizeBytes };
    await scanSegment(descriptor.file, range, context.ports.scheduler, (bytes, at) => {
      const ended = producers.note(bytes, at, undefined);
      if (ended?.outcome === 'abort') aborted.push(ended);
      return undefined;
    });
  } finally {
    context.descriptors.release(descriptor);
  }
  try {
    await writeAbortedIndex(context, state, segment, aborted);
  } catch (error) {
    // It is a cache; the next reader makes it again.
    if (!isDiskError(error, 'no-space')) throw error;
  }
  return aborted;
}
