import type { DirectoryEntry } from '@moldau/kernel';
import { removeIfThere } from './disk-calls.ts';
import type { PartitionState } from './partition-state.ts';
import { CLEANED_SUFFIX, DAMAGED_SUFFIX, DELETED_SUFFIX, parseSegmentName, TEMPORARY_SUFFIX } from './paths.ts';
import type { StorageContext } from './storage-context.ts';

const LEFT_BY_US = [TEMPORARY_SUFFIX, DELETED_SUFFIX, CLEANED_SUFFIX];

/** Clears away what partition.json and the scan do not count to the log. Log files from behind its start are set aside, not deleted. */
export async function removeLeftovers(
  context: StorageContext,
  state: PartitionState,
  entries: readonly DirectoryEntry[],
  options: { readonly finishedTruncation: boolean },
): Promise<void> {
  const { disk } = context.ports;
  const bases = new Set(state.segments.map((segment) => segment.baseOffset));
  const firstBase = state.segments[0]?.baseOffset ?? 0;
  let changed = false;
  for (const { name, kind } of entries) {
    if (kind !== 'file') continue;
    const path = `${state.directory}/${name}`;
    const file = parseSegmentName(name);
    const stray = file !== undefined && !bases.has(file.baseOffset);
    const kept = stray && file.kind === 'log' && file.baseOffset >= firstBase && !isCompacted(state, file.baseOffset);
    if (kept && !options.finishedTruncation) {
      const size = (await disk.stat(path))?.sizeBytes ?? 0;
      state.recoveryCutBytes += size;
      if (size === 0) await removeIfThere(disk, path);
      else await disk.rename(path, path + DAMAGED_SUFFIX);
      changed = true;
    } else if (stray || LEFT_BY_US.some((suffix) => name.endsWith(suffix))) {
      await removeIfThere(disk, path);
      changed = true;
    }
  }
  if (changed) await disk.syncDirectory(state.directory);
}

/** Whether compaction put what the file held into the segment before it. */
function isCompacted(state: PartitionState, baseOffset: number): boolean {
  return state.segments.some((segment) => segment.phase === 'sealed' && segment.baseOffset < baseOffset && baseOffset < segment.endOffset);
}
