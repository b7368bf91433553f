import { readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { DiskError, type DiskLock } from '@moldau/kernel';

/** SQLITE_BUSY: another connection, of this process or another, holds the lock. */
const SQLITE_BUSY = 5;

/** Paths locked by this process. */
const held = new Set<string>();

/**
 * Takes an exclusive lock on `path` that ends with the process, kill -9 included.
 *
 * Node has no call for file locks, so an empty SQLite database takes one: an exclusive transaction that stays open is a
 * POSIX record lock (fcntl) on the file, held by this process in the kernel. Why not another way:
 * - a file with a process id survives the process, and ids come again: in a container nearly every process is number 1;
 * - a Unix socket in the directory survives too, so it must be probed and removed, which two starters may do at once;
 * - an abstract socket belongs to a network namespace, and two containers that share a volume do not share one.
 * The record lock is seen by every process of the machine that opens the same file, in whatever container, on Linux and
 * macOS, and by other machines where the file system carries such locks (NFSv4 does). Nothing else of this process may open
 * the file: closing any descriptor of it would drop the lock. `<path>.holder` says who has it, for people.
 */
export async function lockFile(path: string): Promise<DiskLock> {
  const key = resolve(path);
  if (held.has(key)) throw await lockedError(path);
  const database = await openDatabase(path);
  try {
    // A journal in memory: the transaction never writes, and so must leave no second file.
    database.exec('PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE');
  } catch (caught) {
    database.close();
    if (sqliteCode(caught) === SQLITE_BUSY) throw await lockedError(path);
    throw caught;
  }
  held.add(key);
  await writeFile(holderPath(path), `process ${process.pid} on ${hostname()}\n`);
  let released: Promise<void> | undefined;
  return { release: () => (released ??= release(path, key, database)) };
}

async function release(path: string, key: string, database: DatabaseSync): Promise<void> {
  await rm(holderPath(path), { force: true });
  database.close();
  held.delete(key);
}

async function openDatabase(path: string): Promise<DatabaseSync> {
  // Loaded when needed: the SDK imports this package on versions of Node without it.
  const { DatabaseSync: Database } = await import('node:sqlite');
  try {
    return new Database(path, { timeout: 0 });
  } catch (caught) {
    throw new DiskError('denied', 'lock', path, { cause: caught, detail: 'the lock file can not be opened' });
  }
}

async function lockedError(path: string): Promise<DiskError> {
  const holder = await readFile(holderPath(path), 'utf8').catch(() => 'another process');
  return new DiskError('locked', 'lock', path, { detail: `held by ${holder.trim()}` });
}

function holderPath(path: string): string {
  return `${path}.holder`;
}

/** The primary result code; 0 for what is not an error of SQLite. */
function sqliteCode(error: unknown): number {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return 0;
  return error.errcode & 0xff;
}
