import type { StatementSync } from 'node:sqlite';
import type { KeyValueStore, Timestamped } from '../stores/store.ts';
import type { StoreSpec } from '../stores/store-spec.ts';
import { PAGE_ROWS, type RowOf } from './paging.ts';
import type { StateDatabase } from './state-database.ts';

type KeyValueRow = RowOf<readonly [key: Uint8Array, timestampMs: number, value: Uint8Array]>;

/** Values by key on disk, ordered by the bytes of keys. */
export class DiskKeyValueStore<K, V> implements KeyValueStore<K, V> {
  readonly name: string;
  readonly #spec: StoreSpec<K, V>;
  readonly #database: StateDatabase;
  readonly #get: StatementSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #from: StatementSync;
  readonly #after: StatementSync;

  constructor(database: StateDatabase, table: string, spec: StoreSpec<K, V>) {
    this.name = spec.name;
    this.#spec = spec;
    this.#database = database;
    database.execute(`CREATE TABLE IF NOT EXISTS ${table} (k BLOB PRIMARY KEY, t INTEGER NOT NULL, v BLOB NOT NULL) WITHOUT ROWID`);
    this.#get = database.prepare(`SELECT v, t FROM ${table} WHERE k = ?`);
    this.#put = database.prepare(`REPLACE INTO ${table} VALUES (?, ?, ?)`);
    this.#delete = database.prepare(`DELETE FROM ${table} WHERE k = ?`);
    this.#from = database.prepare(`SELECT k, t, v FROM ${table} WHERE k >= ? ORDER BY k LIMIT ${PAGE_ROWS}`);
    this.#after = database.prepare(`SELECT k, t, v FROM ${table} WHERE k > ? ORDER BY k LIMIT ${PAGE_ROWS}`);
  }

  get(key: K): V | null {
    return this.getEntry(key)?.value ?? null;
  }

  getEntry(key: K): Timestamped<V> | null {
    const { key: keySerde, value: valueSerde } = this.#spec;
    const bytes = keySerde.serialize(key, this.name);
    const row = this.#database.attempt(() => this.#get.get(bytes) as RowOf<readonly [value: Uint8Array, timestampMs: number]> | undefined);
    return row === undefined ? null : { value: valueSerde.deserialize(row[0], this.name), timestampMs: row[1] };
  }

  put(key: K, value: V | null, timestampMs: number): void {
    const { key: keySerde, value: valueSerde } = this.#spec;
    this.restore(keySerde.serialize(key, this.name), value === null ? null : valueSerde.serialize(value, this.name), timestampMs);
  }

  *range(from: K, to: K): Generator<readonly [key: K, entry: Timestamped<V>]> {
    const serde = this.#spec.key;
    const [low, high] = [serde.serialize(from, this.name), serde.serialize(to, this.name)];
    for (const row of this.#rows(low)) {
      if (Buffer.compare(row[0], high) > 0) return;
      yield this.#entry(row);
    }
  }

  *entries(): Generator<readonly [key: K, entry: Timestamped<V>]> {
    for (const row of this.#rows(new Uint8Array())) yield this.#entry(row);
  }

  restore(key: Uint8Array, value: Uint8Array | null, timestampMs: number): void {
    this.#database.attempt(() => (value === null ? this.#delete.run(key) : this.#put.run(key, timestampMs, value)));
  }

  flush(): void {}

  close(): void {}

  /** Page by page, so that who reads may write meanwhile. */
  *#rows(low: Uint8Array): Generator<KeyValueRow> {
    let [statement, from] = [this.#from, low];
    for (;;) {
      const page = this.#database.attempt(() => statement.all(from) as unknown as KeyValueRow[]);
      yield* page;
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE_ROWS) return;
      [statement, from] = [this.#after, last[0]];
    }
  }

  #entry([key, timestampMs, value]: KeyValueRow): readonly [key: K, entry: Timestamped<V>] {
    const { key: keySerde, value: valueSerde } = this.#spec;
    return [keySerde.deserialize(key, this.name), { value: valueSerde.deserialize(value, this.name), timestampMs }];
  }
}
