import { type Disk, DiskError, type DiskErrorKind, type DiskFile, type Scheduler } from '@moldau/kernel';
import { TEMPORARY_SUFFIX } from './paths.ts';

/** Small sequences of calls to the `Disk` port that several nouns need. */

export function isDiskError(error: unknown, kind: DiskErrorKind): boolean {
  return error instanceof DiskError && error.kind === kind;
}

/** Resolves after the current turn of the event loop: the border between two steps of long work. */
export function nextTurn(scheduler: Scheduler): Promise<void> {
  return new Promise((resolve) => scheduler.nextTurn(resolve));
}

/** An empty file of this name, whatever was there. */
export async function createAfresh(disk: Disk, path: string): Promise<DiskFile> {
  try {
    return await disk.open(path, 'create');
  } catch (error) {
    if (!isDiskError(error, 'exists')) throw error;
  }
  await disk.removeFile(path);
  return disk.open(path, 'create');
}

/** Writes a file under its own name; a crash may tear it, so its reader checks it and can do without it. */
export async function writeFile(disk: Disk, path: string, bytes: Uint8Array, options: { readonly sync: boolean }): Promise<void> {
  const file = await createAfresh(disk, path);
  try {
    await file.write([bytes], 0);
    if (options.sync) await file.sync();
  } finally {
    await file.close();
  }
}

/** Replaces a file so that after a crash there is the old one or the new one. */
export async function replaceFile(disk: Disk, directory: string, name: string, bytes: Uint8Array): Promise<void> {
  const path = `${directory}/${name}`;
  const temporary = path + TEMPORARY_SUFFIX;
  // 1. The new bytes are durable under another name.
  await writeFile(disk, temporary, bytes, { sync: true });
  // 2. The name moves over, in one step.
  await disk.rename(temporary, path);
  // 3. The move is durable.
  await disk.syncDirectory(directory);
}

/** Undefined when there is no such file. */
export async function readWhole(disk: Disk, path: string): Promise<Uint8Array | undefined> {
  let file: DiskFile;
  try {
    file = await disk.open(path, 'read');
  } catch (error) {
    if (isDiskError(error, 'not-found')) return undefined;
    throw error;
  }
  try {
    const bytes = new Uint8Array(await file.size());
    const count = await file.read(bytes, 0);
    return bytes.subarray(0, count);
  } finally {
    await file.close();
  }
}

/** Nothing happens when it is not there. */
export async function removeIfThere(disk: Disk, path: string): Promise<void> {
  try {
    await disk.removeFile(path);
  } catch (error) {
    if (!isDiskError(error, 'not-found')) throw error;
  }
}

/** Runs `work` over all items, at most `limit` at once; rejects with the first failure after the running ones end. */
export async function forEachBounded<Item>(items: Iterable<Item>, limit: number, work: (item: Item) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const failures: unknown[] = [];
  let exhausted = false;
  const worker = async (): Promise<void> => {
    while (failures.length === 0) {
      const step = iterator.next();
      exhausted = step.done === true;
      if (step.done === true) return;
      try {
        await work(step.value);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  const workers: Promise<void>[] = [];
  while (workers.length < limit && !exhausted) workers.push(worker());
  await Promise.all(workers);
  if (failures.length > 0) throw failures[0];
}
