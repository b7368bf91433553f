import type { PartitionState } from '../partition-state.ts';
import type { Segment } from '../segment.ts';

/** What compaction may work on, and whether it pays. */
export interface CleanableSection {
  /** Sealed segments from the log's first on, below the high watermark and old enough. */
  readonly segments: readonly Segment[];
  /** The clean point: where the uncompacted part begins. */
  readonly from: number;
  readonly upTo: number;
  /** Uncompacted share of the bytes. */
  readonly dirtyRatio: number;
  /** `pays`: enough is uncompacted. `overdue`: records or tombstones have waited as long as they may. `waits`: neither. */
  readonly when: 'pays' | 'overdue' | 'waits';
  /** Tombstones or markers in the compacted part may go. */
  readonly horizonPassed: boolean;
}

/** The cleanable part of a compacted log; undefined when there is none. */
export function cleanableSection(state: PartitionState, nowMs: number): CleanableSection | undefined {
  const { compaction } = state.config;
  if (compaction === undefined || state.status.kind !== 'online' || state.paused !== undefined) return undefined;
  const segments = cleanableSegments(state, nowMs - compaction.minLagMs);
  const upTo = segments.at(-1)?.endOffset;
  const first = segments[0];
  if (upTo === undefined || first === undefined) return undefined;
  const from = Math.min(Math.max(state.cleaned.to, first.baseOffset), upTo);
  let bytes = 0;
  let dirtyBytes = 0;
  let oldestMs = Number.POSITIVE_INFINITY;
  for (const segment of segments) {
    bytes += segment.sizeBytes;
    if (segment.endOffset <= from) continue;
    dirtyBytes += segment.sizeBytes;
    oldestMs = Math.min(oldestMs, segment.firstAppendMs ?? Number.POSITIVE_INFINITY);
  }
  const dirtyRatio = bytes === 0 ? 0 : dirtyBytes / bytes;
  const { horizonMs } = state.cleaned;
  const horizonPassed = horizonMs >= 0 && horizonMs <= nowMs;
  const overdue = nowMs - oldestMs >= compaction.maxLagMs || horizonPassed;
  const pays = dirtyBytes > 0 && dirtyRatio >= compaction.minDirtyRatio;
  return { segments, from, upTo, dirtyRatio, when: overdue ? 'overdue' : pays ? 'pays' : 'waits', horizonPassed };
}

function cleanableSegments(state: PartitionState, youngestMs: number): Segment[] {
  const segments: Segment[] = [];
  const { minLagMs } = state.config.compaction ?? { minLagMs: 0 };
  for (const segment of state.segments) {
    // Never the active one, and nothing that another leader might take back.
    if (segment.phase !== 'sealed' || segment.endOffset > state.highWatermark) break;
    if (minLagMs > 0 && segment.maxTimestamp > youngestMs) break;
    segments.push(segment);
  }
  return segments;
}
