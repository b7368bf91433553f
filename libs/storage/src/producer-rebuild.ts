import { batchesIn } from '@moldau/records';
import { readWhole } from './disk-calls.ts';
import type { UncommittedEnds } from './ended-transactions.ts';
import type { PartitionState } from './partition-state.ts';
import { restoreSnapshot } from './producer-snapshot.ts';
import { ProducerState } from './producer-state.ts';
import type { Segment } from './segment.ts';
import { scanSegment } from './segment-scan.ts';
import { decodeSideFile } from './side-file.ts';
import type { StorageContext } from './storage-context.ts';
import { holdEntries, type LogEntry } from './tail-slab.ts';

/** Makes the producer state that of the whole log, from the newest good snapshot and what follows it. */
export async function rebuildProducers(context: StorageContext, state: PartitionState): Promise<void> {
  const { segments } = state;
  const from = await restoreNewest(context, state, segments.length - 1, state.producers);
  for (let index = from; index < segments.length; index++) await noteSegment(context, segments[index], state.producers);
}

/** Makes the producer state that at the base of segment `index`, which recovery is about to scan; with it what was not committed. */
export async function restoreProducersBefore(context: StorageContext, state: PartitionState, index: number): Promise<void> {
  const from = await restoreNewest(context, state, index, state.producers, state.uncommittedEnds);
  for (let at = from; at < index; at++) await noteSegment(context, state.segments[at], state.producers, state.uncommittedEnds);
}

/** The producer state as it was at the base of segment `index`; the log's own stays as it is. */
export async function producersBefore(context: StorageContext, state: PartitionState, index: number): Promise<ProducerState> {
  const producers = new ProducerState();
  const segments = state.segments.slice(0, index + 1);
  const from = await restoreNewest(context, state, index, producers);
  for (let at = from; at < index; at++) await noteSegment(context, segments[at], producers);
  return producers;
}

/** Loads the newest good snapshot at the base of a segment up to `last`; says which segment it is the base of. */
async function restoreNewest(
  context: StorageContext,
  state: PartitionState,
  last: number,
  into: ProducerState,
  ends?: UncommittedEnds,
): Promise<number> {
  into.clear();
  for (let index = last; index > 0; index--) {
    const segment = state.segments[index];
    if (segment !== undefined && (await restoreAt(context, state, segment, into, ends))) return index;
  }
  const first = state.segments[0];
  if (first !== undefined && first.baseOffset > 0) await restoreAt(context, state, first, into, ends);
  return 0;
}

async function restoreAt(
  context: StorageContext,
  state: PartitionState,
  segment: Segment,
  into: ProducerState,
  ends?: UncommittedEnds,
): Promise<boolean> {
  const bytes = state.snapshots.get(segment.baseOffset) ?? (await readWhole(context.ports.disk, segment.file('snapshot')));
  const file = decodeSideFile('producerSnapshot', bytes);
  const place = { logId: state.logId, atOffset: segment.baseOffset };
  return file.kind === 'valid' && restoreSnapshot(file.content, place, into, ends);
}

async function noteSegment(
  context: StorageContext,
  segment: Segment | undefined,
  into: ProducerState,
  ends?: UncommittedEnds,
): Promise<void> {
  if (segment === undefined || segment.sizeBytes === 0) return;
  // Batches that wait to be written are noted from memory; what is in the file can't change meanwhile.
  const waiting = [...segment.unwritten];
  const letGo = holdEntries(waiting);
  try {
    await noteFile(context, segment, into, ends);
    noteWaiting(waiting, into, ends);
  } finally {
    letGo();
  }
}

async function noteFile(context: StorageContext, segment: Segment, into: ProducerState, ends: UncommittedEnds | undefined): Promise<void> {
  const endPosition = segment.writtenBytes;
  if (endPosition > 0) {
    const descriptor = await context.descriptors.acquire(segment);
    try {
      const range = { position: 0, offset: segment.baseOffset, endPosition };
      await scanSegment(descriptor.file, range, context.ports.scheduler, (bytes, at) => {
        const ended = into.note(bytes, at, undefined);
        if (ended !== undefined) ends?.note(ended);
        return undefined;
      });
    } finally {
      context.descriptors.release(descriptor);
    }
  }
}

function noteWaiting(waiting: readonly LogEntry[], into: ProducerState, ends: UncommittedEnds | undefined): void {
  for (const { bytes } of waiting) {
    for (const { position } of batchesIn(bytes)) {
      const ended = into.note(bytes, position, undefined);
      if (ended !== undefined) ends?.note(ended);
    }
  }
}
