import { RELATIVE_OFFSET_MAX } from '../append.ts';
import type { PartitionConfig } from '../partition-config.ts';
import type { Segment } from '../segment.ts';

/** Segments that are open at once for one group. */
const GROUP_SEGMENTS_MAX = 8;
/** Bytes of `.index` for an entry. */
const INDEX_ENTRY_BYTES = 8;

/** Runs of adjacent segments that fit into one by their sizes as they are, so that compacted ones don't stay small for ever. */
export function groupSegments(segments: readonly Segment[], config: PartitionConfig): Segment[][] {
  const groups: Segment[][] = [];
  let bytes = 0;
  for (const segment of segments) {
    const group = groups.at(-1);
    const first = group?.[0];
    bytes += segment.sizeBytes;
    const fits =
      group !== undefined &&
      first !== undefined &&
      group.length < GROUP_SEGMENTS_MAX &&
      group.at(-1)?.endOffset === segment.baseOffset &&
      bytes <= config.segmentBytes &&
      (bytes / config.indexIntervalBytes) * INDEX_ENTRY_BYTES <= config.segmentIndexBytes &&
      segment.endOffset - first.baseOffset <= RELATIVE_OFFSET_MAX;
    if (fits) {
      group.push(segment);
      continue;
    }
    groups.push([segment]);
    bytes = segment.sizeBytes;
  }
  return groups;
}
