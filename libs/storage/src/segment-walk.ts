import { partitionLeaderEpochAt } from '@moldau/records';
import { checkBatch } from './batch-check.ts';
import { saveManifest } from './manifest.ts';
import { type Damage, damageError, type PartitionState } from './partition-state.ts';
import type { Segment } from './segment.ts';
import type { IndexedPlace } from './segment-index.ts';
import type { StorageContext } from './storage-context.ts';

/** Read ahead of the asked-for bytes: an index entry lies at most its interval before the batch, and one batch usually fits. */
const READ_AHEAD_BYTES = 16 * 1024;

/** What to take from a segment file. */
export interface WalkRequest {
  /** Offset to begin at: the batch that holds it is the first. */
  readonly from: number;
  /** Batches must end at or before it. */
  readonly upTo: number;
  readonly maxBytes: number;
}

export interface WalkResult {
  /** Runs of whole batches, views of one buffer each. */
  readonly batches: Uint8Array[];
  readonly nextOffset: number;
  /** Gives the memory of `batches` back; at most once, and nothing may look at them afterwards. Never calling it is safe. */
  readonly release: () => void;
}

/** A check that failed: damage, unless a truncation came between. */
export class DamageFound extends Error {
  override readonly name = 'DamageFound';
  readonly where: Damage;

  constructor(where: Damage) {
    super(where.reason);
    this.where = where;
  }
}

/** Reads whole batches from a segment file, every one checked, beginning with the one that holds `from`. @throws DamageFound */
export async function walkSegment(
  context: StorageContext,
  state: PartitionState,
  segment: Segment,
  request: WalkRequest,
): Promise<WalkResult> {
  const place = await findPlace(context, state, segment, request.from);
  const readAhead = state.config.indexIntervalBytes + READ_AHEAD_BYTES;
  return walkFrom(context, state, segment, place, request, readAhead);
}

/** Where the batch that holds `offset` begins, by a walk from the nearest index entry. @throws DamageFound */
export async function walkTo(context: StorageContext, state: PartitionState, segment: Segment, offset: number): Promise<IndexedPlace> {
  let place = await findPlace(context, state, segment, offset);
  for (;;) {
    const request = { from: place.offset, upTo: offset, maxBytes: state.config.indexIntervalBytes };
    const { batches, nextOffset, release } = await walkFrom(context, state, segment, place, request, READ_AHEAD_BYTES);
    const size = batches.reduce((sum, batch) => sum + batch.length, 0);
    release();
    if (size === 0) return place;
    place = { offset: nextOffset, position: place.position + size };
    if (nextOffset >= offset) return place;
  }
}

async function walkFrom(
  context: StorageContext,
  state: PartitionState,
  segment: Segment,
  place: IndexedPlace,
  request: WalkRequest,
  readAhead: number,
): Promise<WalkResult> {
  const descriptor = await context.descriptors.acquire(segment);
  try {
    let want = request.maxBytes + readAhead;
    for (;;) {
      const wanted = Math.max(0, Math.min(want, segment.writtenBytes - place.position));
      const buffer = context.readBuffers.take(wanted);
      const count = await descriptor.file.read(buffer.subarray(0, wanted), place.position);
      const run = takeRun(buffer.subarray(0, count), state, segment, place, request);
      if (run.kind === 'run') return { ...run.found, release: () => context.readBuffers.give(buffer) };
      context.readBuffers.give(buffer);
      if (place.position + want >= segment.writtenBytes) throw new DamageFound(run.where);
      want = Math.max(run.need, 2 * want);
    }
  } finally {
    context.descriptors.release(descriptor);
  }
}

/** Marks a partition corrupt, durably; returns the error of the operation that found it. */
export function reportDamage(context: StorageContext, state: PartitionState, where: Damage): Error {
  const facts = { topic_id: state.topicId, partition: String(state.partition) };
  const error = damageError('CORRUPT_LOG', where, facts);
  if (state.status.kind !== 'online') return error;
  context.metrics.corruptBatches.add(1);
  context.ports.logger.error('a partition is corrupt and goes offline; its data is kept', { ...facts, ...where });
  state.fail({ kind: 'corrupt', where }, error);
  saveManifest(context.ports.disk, state).catch((failure: unknown) => context.fail(failure, 'noting damage'));
  return error;
}

async function findPlace(context: StorageContext, state: PartitionState, segment: Segment, offset: number): Promise<IndexedPlace> {
  const known = segment.index?.findOffset(offset);
  if (known !== undefined) return known;
  const index = await context.indexes.complete(state, segment);
  return index.findOffset(offset) ?? { offset: segment.baseOffset, position: 0 };
}

type Run =
  | { readonly kind: 'run'; readonly found: Omit<WalkResult, 'release'> }
  | { readonly kind: 'more'; readonly need: number; readonly where: Damage };

/** Cuts the asked-for run out of what was read; `more` when its first batch is not whole in it. */
function takeRun(bytes: Uint8Array, state: PartitionState, segment: Segment, place: IndexedPlace, request: WalkRequest): Run {
  let at = 0;
  let offset = place.offset;
  let start = -1;
  let end = 0;
  let nextOffset = request.from;
  while (at < bytes.length && offset < request.upTo) {
    const check = checkBatch(bytes, at, offset);
    const where = { file: segment.path, position: place.position + at, offset };
    if (check.kind === 'bad') throw new DamageFound({ ...where, reason: check.reason });
    if (check.kind === 'short') {
      if (start >= 0) break;
      return { kind: 'more', need: at + check.need, where: { ...where, reason: 'the file ends within a batch' } };
    }
    const epoch = state.epochs.epochAt(offset);
    if (epoch !== undefined && partitionLeaderEpochAt(bytes, at) !== epoch) {
      throw new DamageFound({ ...where, reason: `leader epoch ${partitionLeaderEpochAt(bytes, at)} where ${epoch} wrote` });
    }
    if (check.nextOffset > request.from) {
      if (check.nextOffset > request.upTo || (start >= 0 && at + check.sizeInBytes - start > request.maxBytes)) break;
      if (start < 0) start = at;
      end = at + check.sizeInBytes;
      nextOffset = check.nextOffset;
    }
    at += check.sizeInBytes;
    offset = check.nextOffset;
  }
  if (start < 0 && at >= bytes.length && offset < request.upTo) {
    const where = { file: segment.path, position: place.position + at, offset, reason: 'the file ends before the log does' };
    return { kind: 'more', need: at + 1, where };
  }
  return { kind: 'run', found: { batches: start < 0 ? [] : [bytes.subarray(start, end)], nextOffset } };
}
