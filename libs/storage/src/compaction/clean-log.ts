import { assert, DiskError, MoldauError } from '@moldau/kernel';
import { isFillerAt } from '@moldau/records';
import type { Descriptor } from '../descriptor-cache.ts';
import { saveManifest } from '../manifest.ts';
import type { PartitionState } from '../partition-state.ts';
import { producersBefore } from '../producer-rebuild.ts';
import type { Segment } from '../segment.ts';
import { DamageFound } from '../segment-walk.ts';
import type { StorageContext } from '../storage-context.ts';
import { BatchFilter } from './batch-filter.ts';
import type { CleanableSection } from './cleanable-section.ts';
import { CleanedFile } from './cleaned-file.ts';
import { findNewest, type NewestOffsets } from './newest-offsets.ts';
import type { Pace } from './pace.ts';
import { readSegment } from './segment-batches.ts';
import { groupSegments } from './segment-groups.ts';
import { swapSegments } from './swap-segments.ts';
import { TransactionOutcomes } from './transaction-outcomes.ts';

/** How a pass over one log ended. */
export type CleaningResult =
  /** The clean point is where it can be; `readBytes` became `writtenBytes`. */
  | { readonly kind: 'cleaned'; readonly readBytes: number; readonly writtenBytes: number; readonly removedRecords: number }
  /** The log changed under the pass; what it did stays done. */
  | { readonly kind: 'interrupted' }
  /** Nothing can be done for now. */
  | { readonly kind: 'uncleanable'; readonly reason: UncleanableReason };

/** No room for the new segment beside the old ones; no file may be opened; the first uncompacted record is of a transaction without an end. */
export const UNCLEANABLE_REASONS = ['no-space', 'no-descriptor', 'open-transaction'] as const;
export type UncleanableReason = (typeof UNCLEANABLE_REASONS)[number];

interface Pass {
  readonly context: StorageContext;
  readonly state: PartitionState;
  readonly pace: Pace;
  readonly filter: BatchFilter;
  /** `state.truncations` when it began. */
  readonly truncations: number;
  readBytes: number;
  writtenBytes: number;
}

/**
 * One pass of compaction over a log: reads its uncompacted part for the newest offset of each key, rewrites its segments
 * without what is older, each group of them swapped at once, and moves the clean point. Appends, reads, rolls and retention go
 * on meanwhile. It may stop anywhere: what was swapped is right, and the next pass begins where this one did.
 *
 * Rejects with the disk's error, DamageFound, CleaningStopped, or a MoldauError when the log failed.
 */
export async function cleanLog(
  context: StorageContext,
  state: PartitionState,
  section: CleanableSection,
  pace: Pace,
): Promise<CleaningResult> {
  const { truncations } = state;
  try {
    return await runPass(context, state, section, pace);
  } catch (error) {
    const path = error instanceof DamageFound ? error.where.file : error instanceof DiskError ? error.path : undefined;
    const isSegment = path?.endsWith('.log') === true;
    // A truncation or retention was quicker: what was read there is no log any more.
    const stands = state.truncations === truncations && section.segments.some((each) => each.path === path && each.phase === 'sealed');
    if (isSegment && !stands) return { kind: 'interrupted' };
    if (isSegment && error instanceof DiskError && error.operation === 'read') {
      throw new DamageFound({ file: error.path, position: -1, offset: -1, reason: error.message });
    }
    throw error;
  }
}

async function runPass(context: StorageContext, state: PartitionState, section: CleanableSection, pace: Pace): Promise<CleaningResult> {
  const { truncations } = state;
  const outcomes = new TransactionOutcomes(context, state, section.from, pace);
  const newest = await findNewest(context, state, section, pace, outcomes);
  if (newest.upTo <= section.from && !section.horizonPassed) return { kind: 'uncleanable', reason: 'open-transaction' };
  const pass = await beginPass(context, state, { section, newest, outcomes, pace, truncations });
  if (pass === undefined) return { kind: 'interrupted' };
  const segments = section.segments.filter((segment) => segment.baseOffset < newest.upTo);
  for (const group of groupSegments(segments, state.config)) {
    if (isChanged(pass)) return { kind: 'interrupted' };
    // Retention may have taken some since.
    if (group.some((segment) => segment.phase !== 'sealed')) continue;
    if (!hasSpaceFor(context, group)) return { kind: 'uncleanable', reason: 'no-space' };
    await cleanGroup(pass, group);
  }
  return state.maintenance.run(async () => {
    if (isChanged(pass)) return { kind: 'interrupted' };
    state.cleaned = { to: newest.upTo, horizonMs: pass.filter.horizonMs };
    await saveManifest(context.ports.disk, state);
    const { readBytes, writtenBytes } = pass;
    return { kind: 'cleaned', readBytes, writtenBytes, removedRecords: pass.filter.removedRecords };
  });
}

interface Findings {
  readonly section: CleanableSection;
  readonly newest: NewestOffsets;
  readonly outcomes: TransactionOutcomes;
  readonly pace: Pace;
  readonly truncations: number;
}

async function beginPass(context: StorageContext, state: PartitionState, found: Findings): Promise<Pass | undefined> {
  const { section, newest, outcomes, pace, truncations } = found;
  const { compaction } = state.config;
  const last = section.segments.at(-1);
  if (compaction === undefined || last === undefined) return undefined;
  return state.maintenance.run(async () => {
    const index = state.segments.indexOf(last);
    if (index < 0 || state.truncations !== truncations) return undefined;
    const producers = await producersBefore(context, state, index + 1);
    const filter = new BatchFilter(context, pace, {
      newest,
      outcomes,
      from: section.from,
      nowMs: context.ports.clock.wallMs(),
      deleteRetentionMs: compaction.deleteRetentionMs,
      producers,
      liveProducers: state.producers,
    });
    return { context, state, pace, filter, truncations, readBytes: 0, writtenBytes: 0 };
  });
}

function isChanged({ context, state, truncations }: Pass): boolean {
  const gone = state.status.kind !== 'online' || context.condition.kind === 'offline' || state.config.compaction === undefined;
  return gone || state.truncations !== truncations;
}

/** The old segments stay until the new one is whole. */
function hasSpaceFor(context: StorageContext, group: readonly Segment[]): boolean {
  const bytes = group.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  return context.condition.kind === 'online' && context.spaceLeftBytes > bytes;
}

/** Rewrites adjacent segments as one, and swaps. */
async function cleanGroup(pass: Pass, group: readonly Segment[]): Promise<void> {
  const { context, state } = pass;
  const [first] = group;
  assert(first !== undefined, 'a group has segments', { directory: state.directory });
  // A `.cleaned` file under the name that partition.json still speaks of would pass for the one it means.
  if (state.swapNoted) await state.maintenance.run(() => saveManifest(context.ports.disk, state));
  const held: Descriptor[] = [];
  let output: CleanedFile | undefined;
  try {
    // They stay open until the swap is over: a file opened by its name after that is another.
    for (const segment of group) held.push(await context.descriptors.acquire(segment));
    output = await CleanedFile.create(context, first, state.config.indexIntervalBytes);
    const changed = await rewrite(pass, group, held, output);
    const swapped = (changed || group.length > 1) && (await swapIn(pass, group, output));
    if (!swapped) await output.discard();
  } catch (error) {
    // A `.cleaned` file that partition.json counts on must stay; any other goes, now or at the next start.
    if (output !== undefined && state.swap === undefined && !state.swapNoted) await output.discard().catch(() => {});
    throw error;
  } finally {
    for (const descriptor of held) context.descriptors.release(descriptor);
  }
}

/** Whether anything is different in the new file. */
async function rewrite(pass: Pass, group: readonly Segment[], held: readonly Descriptor[], output: CleanedFile): Promise<boolean> {
  const { state, pace, filter } = pass;
  let changed = false;
  for (const [index, segment] of group.entries()) {
    const file = held[index]?.file;
    assert(file !== undefined, 'every segment of a group is open', { path: segment.path });
    for await (const batches of readSegment(file, state, segment, pace)) {
      for (const batch of batches) {
        const result = await filter.filter(batch);
        if (result === 'keep') {
          output.keep(batch);
          continue;
        }
        changed ||= result !== 'remove' || !isFillerAt(batch.bytes, batch.at);
        if (result === 'remove') output.remove(batch);
        else output.put(result);
      }
      await output.flush(pace);
      await pace.turn();
    }
    pass.readBytes += segment.sizeBytes;
  }
  await output.finish(group.at(-1)?.endOffset ?? output.segment.endOffset, pace);
  pass.writtenBytes += output.segment.sizeBytes;
  return changed;
}

/** False when the log has changed meanwhile. */
async function swapIn(pass: Pass, group: readonly Segment[], output: CleanedFile): Promise<boolean> {
  const { context, state, filter } = pass;
  const { segment } = output;
  const first = group[0];
  segment.firstAppendMs = first?.firstAppendMs;
  // An upper bound, as retention needs it, also where the record that had it is gone.
  return state.maintenance.run(async () => {
    const stands = first !== undefined && group.every((each) => each.phase === 'sealed') && state.segments.includes(first);
    if (!stands || isChanged(pass)) return false;
    try {
      await swapSegments(context, state, group, segment, filter.horizonMs);
    } catch (error) {
      if (error instanceof MoldauError || context.condition.kind === 'offline') throw error;
      throw context.sideFileFailure(error, 'taking a compacted segment over');
    }
    return true;
  });
}
