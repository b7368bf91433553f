import type { Disk } from '@moldau/kernel';
import { isDiskError } from '../disk-calls.ts';
import type { Manifest } from '../manifest.ts';
import { CLEANED_SUFFIX, segmentName } from '../paths.ts';

/**
 * Finishes, durably, what a crash has interrupted between the partition.json that counts on a compacted file and its
 * renaming. Every other file named `.cleaned` counts for nothing.
 */
export async function finishSwap(disk: Disk, directory: string, manifest: Manifest): Promise<void> {
  if (manifest.swap === undefined) return;
  const path = `${directory}/${segmentName(manifest.swap, 'log')}`;
  try {
    await disk.rename(path + CLEANED_SUFFIX, path);
  } catch (error) {
    // It has its name already.
    if (!isDiskError(error, 'not-found')) throw error;
  }
  await disk.syncDirectory(directory);
}
