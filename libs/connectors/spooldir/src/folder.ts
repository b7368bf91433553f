import { access, constants, copyFile, link, open, opendir, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Most files that one look takes notice of; the others wait till these are done. */
const FILES_MAX = 10_000;
/** Names that are tried for a file in a folder where its name is taken. */
const NAMES_MAX = 10_000;

/** A file of the folder as it stood when it was looked at. */
export interface FoundFile {
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly modifiedMs: number;
  readonly inode: string;
}

/** Files directly in the folder whose names match, in no order. @throws the system's errors */
export async function matchingFiles(folder: string, wanted: (name: string) => boolean): Promise<readonly FoundFile[]> {
  const found: FoundFile[] = [];
  for await (const entry of await opendir(folder)) {
    if (!entry.isFile() || !wanted(entry.name)) continue;
    const file = await lookAt(folder, entry.name);
    if (file !== undefined) found.push(file);
    if (found.length >= FILES_MAX) break;
  }
  return found;
}

/** Undefined if it has gone meanwhile. */
export async function lookAt(folder: string, name: string): Promise<FoundFile | undefined> {
  const path = join(folder, name);
  try {
    const { size, mtimeMs, ino, dev } = await stat(path);
    return { name, path, size, modifiedMs: mtimeMs, inode: `${dev}:${ino}` };
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/**
 * Moves the file into the folder, under another name (`NAME.1`) where its own is taken: nothing is ever written over. Both
 * folders are synced, so that a crash of the machine does not bring the file back. Nothing is done if the file has gone.
 */
export async function moveInto(path: string, name: string, folder: string): Promise<string | undefined> {
  for (let number = 0; number < NAMES_MAX; number += 1) {
    const target = join(folder, number === 0 ? name : `${name}.${number}`);
    try {
      await place(path, target);
      await syncFolder(folder);
      await remove(path);
      return target;
    } catch (error) {
      if (isCode(error, 'ENOENT') && (await isGone(path))) return undefined;
      if (!isCode(error, 'EEXIST')) throw error;
      // A crash between the two names of a move before.
      if (await isSameFile(path, target)) {
        await remove(path);
        return target;
      }
    }
  }
  throw new Error(`${folder} has ${NAMES_MAX} files called ${name}`);
}

/** Deletes the file; nothing is done if it has gone. */
export async function remove(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
  }
  await syncFolder(join(path, '..'));
}

/** Writes a note beside a file. */
export async function writeNote(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flag: 'w' });
}

/** A second name for the file; a copy where the target is on another disk, or knows no links. @throws EEXIST if the name is taken */
async function place(path: string, target: string): Promise<void> {
  try {
    await link(path, target);
  } catch (error) {
    if (!['EXDEV', 'EPERM', 'ENOTSUP', 'EMLINK'].some((code) => isCode(error, code))) throw error;
    await copyWhole(path, target);
  }
}

async function copyWhole(path: string, target: string): Promise<void> {
  if (!(await isGone(target))) throw Object.assign(new Error(`${target} is there already`), { code: 'EEXIST' });
  const part = `${target}.part`;
  await copyFile(path, part);
  const handle = await open(part, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(part, target);
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([stat(one), stat(other)]);
  return first.ino === second.ino && first.dev === second.dev;
}

async function isGone(path: string): Promise<boolean> {
  return access(path, constants.F_OK).then(
    () => false,
    () => true,
  );
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
