import type { StatementSync } from 'node:sqlite';
import type { Timestamped, WindowEntry, WindowStore } from '../stores/store.ts';
import { decodeWindowKey } from '../stores/store-keys.ts';
import type { StoreSpec } from '../stores/store-spec.ts';
import { ExpiryFloor } from './expiry-floor.ts';
import type { RowOf } from './paging.ts';
import type { StateDatabase } from './state-database.ts';

type WindowRow = RowOf<readonly [key: Uint8Array, startMs: number, timestampMs: number, value: Uint8Array]>;

/** Windows on disk: by key and start, and all of them by start. */
export class DiskWindowStore<K, V> implements WindowStore<K, V> {
  readonly name: string;
  readonly #spec: StoreSpec<K, V>;
  readonly #database: StateDatabase;
  readonly #floor: ExpiryFloor;
  readonly #get: StatementSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #fetch: StatementSync;
  readonly #fetchAll: StatementSync;
  readonly #first: StatementSync;
  readonly #count: StatementSync;
  /** Not later than the earliest start; undefined: unknown. */
  #firstMs: number | undefined;

  constructor(database: StateDatabase, table: string, spec: StoreSpec<K, V>) {
    this.name = spec.name;
    this.#spec = spec;
    this.#database = database;
    database.execute(
      `CREATE TABLE IF NOT EXISTS ${table} (k BLOB, s INTEGER, t INTEGER NOT NULL, v BLOB NOT NULL, PRIMARY KEY (k, s)) WITHOUT ROWID;
       CREATE INDEX IF NOT EXISTS ${table}_by_start ON ${table} (s)`,
    );
    this.#get = database.prepare(`SELECT v, t FROM ${table} WHERE k = ? AND s = ?`);
    // Not REPLACE: a window that is there keeps its place in the index.
    this.#put = database.prepare(
      `INSERT INTO ${table} VALUES (?, ?, ?, ?) ON CONFLICT (k, s) DO UPDATE SET t = excluded.t, v = excluded.v`,
    );
    this.#delete = database.prepare(`DELETE FROM ${table} WHERE k = ? AND s = ?`);
    this.#fetch = database.prepare(`SELECT k, s, t, v FROM ${table} WHERE k = ? AND s >= ? AND s <= ? ORDER BY s`);
    this.#fetchAll = database.prepare(`SELECT k, s, t, v FROM ${table} WHERE s >= ? AND s <= ? ORDER BY s, k`);
    this.#first = database.prepare(`SELECT min(s) FROM ${table} WHERE s >= ?`);
    this.#count = database.prepare(`SELECT count(*) FROM ${table}`);
    const expire = database.prepare(`DELETE FROM ${table} WHERE s < ?`);
    this.#floor = new ExpiryFloor(spec.retentionMs, (beforeMs) => void database.attempt(() => expire.run(beforeMs)));
  }

  /** Rows, those that have expired and are not deleted yet among them. */
  count(): number {
    return this.#database.attempt(() => this.#count.get() as unknown as RowOf<readonly [number]>)[0];
  }

  get(key: K, startMs: number): V | null {
    return this.getEntry(key, startMs)?.value ?? null;
  }

  getEntry(key: K, startMs: number): Timestamped<V> | null {
    if (startMs < this.#floor.timeMs) return null;
    const { key: keySerde, value: valueSerde } = this.#spec;
    const bytes = keySerde.serialize(key, this.name);
    const row = this.#database.attempt(
      () => this.#get.get(bytes, startMs) as RowOf<readonly [value: Uint8Array, timestampMs: number]> | undefined,
    );
    return row === undefined ? null : { value: valueSerde.deserialize(row[0], this.name), timestampMs: row[1] };
  }

  put(key: K, startMs: number, value: V | null, timestampMs: number): void {
    const { key: keySerde, value: valueSerde } = this.#spec;
    const bytes = value === null ? null : valueSerde.serialize(value, this.name);
    this.#write(keySerde.serialize(key, this.name), startMs, { value: bytes, timestampMs });
  }

  fetch(key: K, fromMs: number, toMs: number): readonly WindowEntry<K, V>[] {
    const low = Math.max(fromMs, this.#floor.timeMs);
    const bytes = this.#spec.key.serialize(key, this.name);
    const rows = this.#database.attempt(() => this.#fetch.all(bytes, low, toMs) as unknown as WindowRow[]);
    return rows.map((row) => this.#entry(key, row));
  }

  fetchAll(fromMs: number, toMs: number): readonly WindowEntry<K, V>[] {
    const low = Math.max(fromMs, this.#floor.timeMs);
    if (this.#firstMs !== undefined && toMs < this.#firstMs) return [];
    const rows = this.#database.attempt(() => this.#fetchAll.all(low, toMs) as unknown as WindowRow[]);
    return rows.map((row) => this.#entry(this.#spec.key.deserialize(row[0], this.name), row));
  }

  expire(beforeMs: number): void {
    if (this.#firstMs !== undefined && beforeMs <= this.#firstMs) return;
    this.#floor.raise(beforeMs);
    this.#firstMs = undefined;
  }

  firstStartMs(): number | undefined {
    const row = this.#database.attempt(() => this.#first.get(this.#floor.timeMs) as unknown as RowOf<readonly [number | null]>);
    this.#firstMs = row[0] ?? Number.POSITIVE_INFINITY;
    return row[0] ?? undefined;
  }

  restore(bytes: Uint8Array, value: Uint8Array | null, timestampMs: number): void {
    const { key, startMs } = decodeWindowKey(bytes);
    this.#write(key, startMs, { value, timestampMs });
  }

  flush(): void {
    this.#floor.settle();
  }

  close(): void {}

  #write(
    key: Uint8Array,
    startMs: number,
    { value, timestampMs }: { readonly value: Uint8Array | null; readonly timestampMs: number },
  ): void {
    this.#floor.admit(startMs);
    if (this.#firstMs !== undefined && startMs < this.#firstMs) this.#firstMs = startMs;
    this.#database.attempt(() => (value === null ? this.#delete.run(key, startMs) : this.#put.run(key, startMs, timestampMs, value)));
  }

  #entry(key: K, [, startMs, timestampMs, value]: WindowRow): WindowEntry<K, V> {
    return { key, startMs, timestampMs, value: this.#spec.value.deserialize(value, this.name) };
  }
}
