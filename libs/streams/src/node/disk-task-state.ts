import { createHash } from 'node:crypto';
import type { StatementSync } from 'node:sqlite';
import type { StoreFactory } from '../stores/store-factory.ts';
import type { StoreKind, StoreSpec } from '../stores/store-spec.ts';
import type { TaskState } from '../stores/task-state.ts';
import { TaskStopped } from '../task/failure.ts';
import { DiskKeyValueStore } from './disk-key-value-store.ts';
import { DiskSessionStore } from './disk-session-store.ts';
import { DiskWindowStore } from './disk-window-store.ts';
import { MirroredWindowStore } from './mirrored-window-store.ts';
import type { RowOf } from './paging.ts';
import { StateDatabase, type StateDatabaseOptions } from './state-database.ts';
import { stateFailure } from './state-failure.ts';

/** Windows of a store of which memory has a copy; at some 300 bytes beside their values. */
export const MIRROR_ENTRIES = 65_536;

export interface DiskTaskStateOptions extends StateDatabaseOptions {
  /** A window store with at most so many windows is held in memory too; default `MIRROR_ENTRIES`. */
  readonly mirrorEntries?: number;
}

/** The state of a task in a directory of its own. */
class DiskTaskState implements TaskState {
  readonly stores: StoreFactory;
  readonly #database: StateDatabase;
  readonly #checkpoints = new Map<string, number>();
  readonly #keep: StatementSync;

  constructor(database: StateDatabase, mirrorEntries: number) {
    this.#database = database;
    this.#keep = database.prepare('UPDATE stores SET next_offset = ? WHERE name = ?');
    const known = new Map<string, string>();
    const rows = database.prepare('SELECT name, kind, next_offset FROM stores').all();
    for (const row of rows as unknown as RowOf<readonly [name: string, kind: string, nextOffset: number | null]>[]) {
      const [name, kind, nextOffset] = row;
      known.set(name, kind);
      if (nextOffset !== null) this.#checkpoints.set(name, nextOffset);
    }
    this.stores = {
      keepsBytes: true,
      keyValue: (spec) => new DiskKeyValueStore(database, this.#table(spec, 'key-value', known), spec),
      window: (spec) =>
        new MirroredWindowStore(new DiskWindowStore(database, this.#table(spec, 'window', known), spec), spec, mirrorEntries),
      session: (spec) => new DiskSessionStore(database, this.#table(spec, 'session', known), spec),
    };
  }

  checkpoint(store: string): number | undefined {
    return this.#checkpoints.get(store);
  }

  persist(offsets: ReadonlyMap<string, number>): void {
    this.#asPlainError(() => {
      for (const [store, offset] of offsets) {
        if (this.#checkpoints.get(store) === offset) continue;
        this.#database.attempt(() => this.#keep.run(offset, store));
        this.#checkpoints.set(store, offset);
      }
      this.#database.commit();
    });
  }

  close(): void {
    this.#database.close();
  }

  /** Names are hashed: they may hold what SQL does not take, and differ in case only. A store of another kind begins anew. */
  #table<K, V>(spec: StoreSpec<K, V>, kind: StoreKind, known: Map<string, string>): string {
    const table = `s_${createHash('sha256').update(spec.name).digest('hex').slice(0, 32)}`;
    if (known.get(spec.name) === kind) return table;
    known.set(spec.name, kind);
    this.#checkpoints.delete(spec.name);
    this.#database.execute(`DROP TABLE IF EXISTS ${table}`);
    this.#database.attempt(() => this.#database.prepare('REPLACE INTO stores VALUES (?, ?, NULL)').run(spec.name, kind));
    return table;
  }

  #asPlainError(work: () => void): void {
    try {
      work();
    } catch (thrown) {
      throw thrown instanceof TaskStopped ? thrown.reason : stateFailure(this.#database.directory, thrown);
    }
  }
}

/** What was found when state was opened. */
export interface OpenedState {
  readonly state: TaskState;
  /** State was there, damaged or of another format, and was thrown away: everything is restored. */
  readonly discarded: boolean;
}

/**
 * Opens the state of a task, empty where there is none.
 *
 * @throws MoldauError STATE_LOCKED when another task or process has it, STATE_STORE_FAILED
 */
export function openDiskTaskState(options: DiskTaskStateOptions): OpenedState {
  const database = new StateDatabase(options);
  try {
    return { state: new DiskTaskState(database, options.mirrorEntries ?? MIRROR_ENTRIES), discarded: database.discarded };
  } catch (thrown) {
    database.close();
    throw thrown instanceof TaskStopped ? thrown.reason : thrown;
  }
}
