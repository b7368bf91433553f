import type { Disk } from '@moldau/kernel';
import { isDiskError, readWhole, removeIfThere, replaceFile } from './disk-calls.ts';
import { BOOT_ID_FILE } from './paths.ts';

/** Where Linux names the boot of the machine, also inside a container; other systems have no such file. */
const MACHINE_BOOT_ID_PATH = '/proc/sys/kernel/random/boot_id';
/** A UUID and a line end, with room. The file says that it has no bytes, so its size can't be asked for. */
const BOOT_ID_BYTES_MAX = 64;

/**
 * Notes in `boot-id` in which boot of the machine the directory is open; true when it is the one in which it was open before.
 * Then the page cache has outlived the process: all that was written is there, flushed or not. False where nobody knows.
 */
export async function noteBoot(disk: Disk, root: string): Promise<boolean> {
  const present = await machineBoot(disk);
  if (present === undefined) return false;
  const noted = await readWhole(disk, `${root}/${BOOT_ID_FILE}`);
  if (noted !== undefined && Buffer.from(noted).toString('latin1') === present) return true;
  try {
    await replaceFile(disk, root, BOOT_ID_FILE, Buffer.from(present, 'latin1'));
  } catch (error) {
    // Without it the next kill counts as a power loss: no reason not to start.
    if (!isDiskError(error, 'no-space')) throw error;
  }
  return false;
}

/** After a failed write or flush nobody knows what the page cache shows and the disk lacks. */
export async function forgetBoot(disk: Disk, root: string): Promise<void> {
  await removeIfThere(disk, `${root}/${BOOT_ID_FILE}`);
}

async function machineBoot(disk: Disk): Promise<string | undefined> {
  try {
    const file = await disk.open(MACHINE_BOOT_ID_PATH, 'read');
    try {
      const bytes = Buffer.alloc(BOOT_ID_BYTES_MAX);
      const text = bytes.toString('latin1', 0, await file.read(bytes, 0)).trim();
      return text === '' ? undefined : text;
    } finally {
      await file.close();
    }
  } catch {
    // Not Linux, or hidden from this process: as good as another boot.
    return undefined;
  }
}
