import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { TaskStopped } from '../task/failure.ts';
import { isDamage, openFailure, stopTask } from './state-failure.ts';

/** Pages in memory per task: those that are read and those that wait for the commit; more of them wait on disk. */
export const CACHE_BYTES = 8 * 1024 * 1024;
/** The log in front of the database is worked in at this size; 4 KiB pages. */
const LOG_PAGES = 4_000;
const FILE_NAME = 'state.db';
const FILE_NAMES = [FILE_NAME, `${FILE_NAME}-wal`, `${FILE_NAME}-shm`, `${FILE_NAME}-journal`];
/** Raised when tables change; state of another format is thrown away and restored from its changelogs. */
const FORMAT = 1;

export interface StateDatabaseOptions {
  /** Of this task alone; made when it is not there. */
  readonly directory: string;
  /** Default `CACHE_BYTES`. */
  readonly cacheBytes?: number;
}

/**
 * One SQLite database per task, always within a transaction that `commit` ends: a process that dies leaves what was
 * committed last. SQLite, because it comes with Node, reads ranges without waiting, works in worker threads, and says
 * in plain words that a disk is full; LMDB stops the process then, LevelDB has no ranges without promises.
 */
export class StateDatabase {
  readonly directory: string;
  /** State was found and could not be used. */
  readonly discarded: boolean;
  readonly #database: DatabaseSync;
  /** The first failure: nothing is read or written after it, since SQLite may have rolled back. */
  #failure: TaskStopped | undefined;

  /** @throws MoldauError STATE_LOCKED, STATE_STORE_FAILED */
  constructor({ directory, cacheBytes = CACHE_BYTES }: StateDatabaseOptions) {
    this.directory = directory;
    try {
      mkdirSync(directory, { recursive: true });
      const { database, discarded } = openSound(directory, cacheBytes);
      this.#database = database;
      this.discarded = discarded;
    } catch (cause) {
      throw openFailure(directory, cause);
    }
  }

  /** @throws TaskStopped */
  prepare(sql: string): StatementSync {
    return this.attempt(() => this.#database.prepare(sql, { returnArrays: true }));
  }

  execute(sql: string): void {
    this.attempt(() => this.#database.exec(sql));
  }

  /** Keeps all changes since the last commit. */
  commit(): void {
    this.execute('COMMIT; BEGIN');
  }

  /** Anything that touches the database. @throws TaskStopped */
  attempt<R>(work: () => R): R {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return work();
    } catch (cause) {
      this.#failure = stopTask(this.directory, cause);
      throw this.#failure;
    }
  }

  close(): void {
    // What is not committed goes with the connection.
    if (this.#database.isOpen) this.#database.close();
  }
}

/** Deletes the state in a directory. */
export function removeState(directory: string): void {
  for (const name of FILE_NAMES) rmSync(join(directory, name), { force: true });
}

/** Damaged state and that of other formats is replaced by an empty one: the changelogs have it all. */
function openSound(directory: string, cacheBytes: number): { readonly database: DatabaseSync; readonly discarded: boolean } {
  try {
    const database = open(directory, cacheBytes);
    if (database !== undefined) return { database, discarded: false };
  } catch (thrown) {
    if (!isDamage(thrown)) throw thrown;
  }
  removeState(directory);
  const database = open(directory, cacheBytes);
  if (database === undefined) throw new Error('an empty database has another format');
  return { database, discarded: true };
}

/** Undefined for another format. */
function open(directory: string, cacheBytes: number): DatabaseSync | undefined {
  const database = new DatabaseSync(join(directory, FILE_NAME));
  try {
    database.exec(
      [
        'PRAGMA busy_timeout = 0',
        'PRAGMA page_size = 4096',
        // One process, one connection: no shared memory, and a second one is refused.
        'PRAGMA locking_mode = EXCLUSIVE',
        'PRAGMA journal_mode = WAL',
        // Flushed when the log is worked in: power loss costs the last commits, which the changelog has, and never the order.
        'PRAGMA synchronous = NORMAL',
        `PRAGMA wal_autocheckpoint = ${LOG_PAGES}`,
        `PRAGMA cache_size = -${Math.ceil(cacheBytes / 1024)}`,
        'PRAGMA temp_store = MEMORY',
        'CREATE TABLE IF NOT EXISTS format (version INTEGER NOT NULL)',
        `INSERT INTO format SELECT ${FORMAT} WHERE NOT EXISTS (SELECT 1 FROM format)`,
        'CREATE TABLE IF NOT EXISTS stores (name TEXT PRIMARY KEY, kind TEXT NOT NULL, next_offset INTEGER) WITHOUT ROWID',
        'BEGIN',
      ].join(';'),
    );
    const version = database.prepare('SELECT version FROM format').get()?.['version'];
    if (version === FORMAT) return database;
  } catch (thrown) {
    database.close();
    throw thrown;
  }
  database.close();
  return undefined;
}
