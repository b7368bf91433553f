import { type Compute, MoldauError } from '@moldau/kernel';
import { controlTypeOf, isControlAt, isTransactionalAt, producerIdAt, type RecordBatchReader, readBatchWith } from '@moldau/records';
import type { PartitionState } from '../partition-state.ts';
import type { StorageContext } from '../storage-context.ts';
import type { CleanableSection } from './cleanable-section.ts';
import { KeyMap } from './key-map.ts';
import type { Pace } from './pace.ts';
import { type BatchAt, readSegment } from './segment-batches.ts';
import type { TransactionOutcomes } from './transaction-outcomes.ts';

/** Where each key of the uncompacted part was last written. */
export interface NewestOffsets {
  readonly keys: KeyMap;
  /** Control records without a transaction, by their type. */
  readonly controls: ReadonlyMap<number, number>;
  /** The part that the map knows ends here: at the section's end, or where there was no room or no decision. */
  readonly upTo: number;
  /** Why it ends before. */
  readonly shortOf: 'memory' | 'open-transaction' | undefined;
}

interface Search {
  readonly context: StorageContext;
  readonly pace: Pace;
  readonly outcomes: TransactionOutcomes;
  readonly from: number;
  readonly keys: KeyMap;
  readonly controls: Map<number, number>;
}

type Stop = { readonly upTo: number; readonly shortOf: NonNullable<NewestOffsets['shortOf']> };

/** Reads the uncompacted part of a section into a map of at most `cleanerMapBytes`. @throws DamageFound, CleaningStopped */
export async function findNewest(
  context: StorageContext,
  state: PartitionState,
  section: CleanableSection,
  pace: Pace,
  outcomes: TransactionOutcomes,
): Promise<NewestOffsets> {
  const keys = new KeyMap(context.settings.cleanerMapBytes);
  const search: Search = { context, pace, outcomes, from: section.from, keys, controls: new Map() };
  for (const segment of section.segments) {
    if (segment.endOffset <= section.from) continue;
    const descriptor = await context.descriptors.acquire(segment);
    try {
      for await (const batches of readSegment(descriptor.file, state, segment, pace)) {
        for (const batch of batches) {
          const stop = batch.nextOffset <= section.from ? undefined : await noteBatch(search, batch);
          if (stop !== undefined) return { keys, controls: search.controls, ...stop };
        }
      }
    } finally {
      context.descriptors.release(descriptor);
    }
  }
  return { keys, controls: search.controls, upTo: section.upTo, shortOf: undefined };
}

async function noteBatch(search: Search, batch: BatchAt): Promise<Stop | undefined> {
  const { bytes, at, baseOffset } = batch;
  const { pace } = search;
  if (!isControlAt(bytes, at) && isTransactionalAt(bytes, at)) {
    const outcome = await search.outcomes.of(producerIdAt(bytes, at), baseOffset);
    if (outcome === 'open') return { upTo: Math.max(search.from, baseOffset), shortOf: 'open-transaction' };
    if (outcome === 'aborted') return undefined;
  }
  const reader = await openBatch(search.context.ports.compute, batch);
  if (reader === undefined) return undefined;
  try {
    for (let record = reader.readNext(); record !== undefined; record = reader.readNext()) {
      if (record.offset < search.from) continue;
      if (reader.isControl) {
        if (!reader.isTransactional) search.controls.set(controlTypeOf(record), record.offset);
        continue;
      }
      const { key } = record;
      // A key that has no room in an empty map will never have any: its records stay.
      if (key !== null && !search.keys.put(key, record.offset) && search.keys.size > 0) return { upTo: record.offset, shortOf: 'memory' };
      if (pace.worked(record.keyLength + record.valueLength + RECORD_WORK_BYTES)) await pace.turn();
    }
  } catch (error) {
    if (!isUnreadable(error)) throw error;
  }
  return undefined;
}

/** What a record costs besides its bytes, in bytes. */
export const RECORD_WORK_BYTES = 64;

/** The batch opened; undefined when what its client sent can't be read: it stays as it is. */
export async function openBatch(compute: Compute, { bytes, at }: BatchAt): Promise<RecordBatchReader | undefined> {
  try {
    return await readBatchWith(compute, bytes, at, { checkCrc: false });
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  }
}

/** A batch with a right checksum whose records are malformed, as clients may send them. */
export function isUnreadable(error: unknown): boolean {
  return error instanceof MoldauError;
}
