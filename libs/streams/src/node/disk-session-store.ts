import type { StatementSync } from 'node:sqlite';
import type { SessionEntry, SessionStore } from '../stores/store.ts';
import { decodeSessionKey } from '../stores/store-keys.ts';
import type { StoreSpec } from '../stores/store-spec.ts';
import { ExpiryFloor } from './expiry-floor.ts';
import type { RowOf } from './paging.ts';
import type { StateDatabase } from './state-database.ts';

type SessionRow = RowOf<readonly [key: Uint8Array, startMs: number, endMs: number, value: Uint8Array]>;

/** Sessions on disk: by key and end, and all of them by end. */
export class DiskSessionStore<K, V> implements SessionStore<K, V> {
  readonly name: string;
  readonly #spec: StoreSpec<K, V>;
  readonly #database: StateDatabase;
  readonly #floor: ExpiryFloor;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #find: StatementSync;
  readonly #fetchAll: StatementSync;

  constructor(database: StateDatabase, table: string, spec: StoreSpec<K, V>) {
    this.name = spec.name;
    this.#spec = spec;
    this.#database = database;
    database.execute(
      `CREATE TABLE IF NOT EXISTS ${table} (k BLOB, e INTEGER, s INTEGER, v BLOB NOT NULL, PRIMARY KEY (k, e, s)) WITHOUT ROWID;
       CREATE INDEX IF NOT EXISTS ${table}_by_end ON ${table} (e)`,
    );
    this.#put = database.prepare(`INSERT INTO ${table} VALUES (?, ?, ?, ?) ON CONFLICT (k, e, s) DO UPDATE SET v = excluded.v`);
    this.#delete = database.prepare(`DELETE FROM ${table} WHERE k = ? AND e = ? AND s = ?`);
    this.#find = database.prepare(`SELECT k, s, e, v FROM ${table} WHERE k = ? AND e >= ? AND s <= ? ORDER BY e, s`);
    this.#fetchAll = database.prepare(`SELECT k, s, e, v FROM ${table} WHERE e >= ? AND e <= ? ORDER BY e, k, s`);
    const expire = database.prepare(`DELETE FROM ${table} WHERE e < ?`);
    this.#floor = new ExpiryFloor(spec.retentionMs, (beforeMs) => void database.attempt(() => expire.run(beforeMs)));
  }

  put(key: K, startMs: number, endMs: number, value: V | null): void {
    const { key: keySerde, value: valueSerde } = this.#spec;
    const bytes = value === null ? null : valueSerde.serialize(value, this.name);
    this.#write({ key: keySerde.serialize(key, this.name), startMs, endMs }, bytes);
  }

  find(key: K, earliestEndMs: number, latestStartMs: number): readonly SessionEntry<K, V>[] {
    const low = Math.max(earliestEndMs, this.#floor.timeMs);
    const bytes = this.#spec.key.serialize(key, this.name);
    const rows = this.#database.attempt(() => this.#find.all(bytes, low, latestStartMs) as unknown as SessionRow[]);
    return rows.map((row) => this.#entry(key, row));
  }

  fetchAll(fromMs: number, toMs: number): readonly SessionEntry<K, V>[] {
    const low = Math.max(fromMs, this.#floor.timeMs);
    const rows = this.#database.attempt(() => this.#fetchAll.all(low, toMs) as unknown as SessionRow[]);
    return rows.map((row) => this.#entry(this.#spec.key.deserialize(row[0], this.name), row));
  }

  expire(beforeMs: number): void {
    this.#floor.raise(beforeMs);
  }

  restore(bytes: Uint8Array, value: Uint8Array | null): void {
    this.#write(decodeSessionKey(bytes), value);
  }

  flush(): void {
    this.#floor.settle();
  }

  close(): void {}

  #write(
    { key, startMs, endMs }: { readonly key: Uint8Array; readonly startMs: number; readonly endMs: number },
    value: Uint8Array | null,
  ): void {
    this.#floor.admit(endMs);
    this.#database.attempt(() => (value === null ? this.#delete.run(key, endMs, startMs) : this.#put.run(key, endMs, startMs, value)));
  }

  #entry(key: K, [, startMs, endMs, value]: SessionRow): SessionEntry<K, V> {
    return { key, startMs, endMs, value: this.#spec.value.deserialize(value, this.name) };
  }
}
