import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Pattern } from '@moldau/connect';

/** Rotated files that are looked at for one path; of more, the oldest are left out. */
const ROTATED_FILES_MAX = 1000;

/** A file that has, or once had, the path. */
export interface Incarnation {
  readonly path: string;
  readonly inode: string;
  readonly size: number;
  readonly modifiedMs: number;
  /** Whether it has the path now. */
  readonly current: boolean;
}

/**
 * The files of a path in the order in which they were written: those rotated away, oldest first, then the one that has the
 * path now. Rotated files stand in the same folder under the same name with something behind it that `rotatedSuffix` matches.
 */
export async function incarnations(path: string, rotatedSuffix: Pattern): Promise<readonly Incarnation[]> {
  const folder = dirname(path);
  const name = basename(path);
  const names = await readdir(folder).catch(ignoreAbsent([]));
  const rotated = names.filter((other) => other.startsWith(name) && other !== name && rotatedSuffix.finds(other.slice(name.length)));
  const found = await Promise.all(rotated.map((other) => look(join(folder, other), false)));
  const older = found.filter((file) => file !== undefined).sort((left, right) => left.modifiedMs - right.modifiedMs);
  const current = await look(path, true);
  return [...older.slice(-ROTATED_FILES_MAX), ...(current === undefined ? [] : [current])];
}

/** What has the path now. */
export function currentIncarnation(path: string): Promise<Incarnation | undefined> {
  return look(path, true);
}

async function look(path: string, current: boolean): Promise<Incarnation | undefined> {
  const status = await stat(path, { bigint: true }).catch(ignoreAbsent(undefined));
  if (status === undefined || !status.isFile()) return undefined;
  const inode = `${status.dev}:${status.ino}`;
  return { path, inode, size: Number(status.size), modifiedMs: Number(status.mtimeNs) / 1e6, current };
}

function ignoreAbsent<Value>(value: Value): (error: unknown) => Value {
  return (error) => {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return value;
    throw error;
  };
}
