import type { DiskFile } from '@moldau/kernel';
import { partitionLeaderEpochAt } from '@moldau/records';
import { checkBatch } from '../batch-check.ts';
import type { PartitionState } from '../partition-state.ts';
import type { Segment } from '../segment.ts';
import { DamageFound } from '../segment-walk.ts';
import type { Pace } from './pace.ts';

/** Bytes of one read. */
const READ_BYTES = 256 * 1024;

/** A whole, checked batch among the bytes of one read. */
export interface BatchAt {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly sizeInBytes: number;
  readonly baseOffset: number;
  readonly nextOffset: number;
}

/** The batches of a sealed segment, one read after the other, at the cleaner's pace. @throws DamageFound, CleaningStopped */
export async function* readSegment(
  file: DiskFile,
  state: PartitionState,
  segment: Segment,
  pace: Pace,
): AsyncGenerator<readonly BatchAt[], void, undefined> {
  let position = 0;
  let offset = segment.baseOffset;
  let want = READ_BYTES;
  while (position < segment.sizeBytes) {
    const bytes = new Uint8Array(Math.min(want, segment.sizeBytes - position));
    await pace.transfer(bytes.length);
    const count = await file.read(bytes, position);
    const { batches, need } = wholeBatches(bytes.subarray(0, count), state, segment, { offset, position });
    const last = batches.at(-1);
    if (last === undefined) {
      if (need <= bytes.length || position + need > segment.sizeBytes) {
        throw new DamageFound({ file: segment.path, position, offset, reason: 'the file ends within a batch' });
      }
      want = need;
      continue;
    }
    position += last.at + last.sizeInBytes;
    offset = last.nextOffset;
    want = READ_BYTES;
    yield batches;
  }
}

interface Place {
  readonly offset: number;
  readonly position: number;
}

function wholeBatches(
  bytes: Uint8Array,
  state: PartitionState,
  segment: Segment,
  place: Place,
): { readonly batches: BatchAt[]; readonly need: number } {
  const batches: BatchAt[] = [];
  let { offset } = place;
  for (let at = 0; at < bytes.length; ) {
    const check = checkBatch(bytes, at, offset);
    if (check.kind === 'short') return { batches, need: check.need };
    const where = { file: segment.path, position: place.position + at, offset };
    if (check.kind === 'bad') throw new DamageFound({ ...where, reason: check.reason });
    const epoch = state.epochs.epochAt(offset);
    if (epoch !== undefined && partitionLeaderEpochAt(bytes, at) !== epoch) {
      throw new DamageFound({ ...where, reason: `leader epoch ${partitionLeaderEpochAt(bytes, at)} where ${epoch} wrote` });
    }
    batches.push({ bytes, at, sizeInBytes: check.sizeInBytes, baseOffset: offset, nextOffset: check.nextOffset });
    at += check.sizeInBytes;
    offset = check.nextOffset;
  }
  return { batches, need: 0 };
}
