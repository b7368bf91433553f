/** A value with the event time of its last change, ms since the Unix epoch. */
export interface Timestamped<V> {
  readonly value: V;
  readonly timestampMs: number;
}

/** What every store does for its task. */
export interface StateStore {
  readonly name: string;
  /** Takes back what the changelog says: a record of it, in the order of the log; null removes. */
  restore(key: Uint8Array, value: Uint8Array | null, timestampMs: number): void;
  /** Writes out what is held back; called at each commit, upstream stores first. */
  flush(): void;
  close(): void;
}

/**
 * Values by key, each with its time. Values belong to the store: a program returns new ones and never changes one in
 * place. Keys are equal when their bytes are.
 */
export interface KeyValueStore<K, V> extends StateStore {
  get(key: K): V | null;
  getEntry(key: K): Timestamped<V> | null;
  /** Null removes. */
  put(key: K, value: V | null, timestampMs: number): void;
  /** By the bytes of keys, both ends included. A scan: made for queries, not for each record. */
  range(from: K, to: K): Iterable<readonly [key: K, entry: Timestamped<V>]>;
  /** All entries, in no order that one may rely on. */
  entries(): Iterable<readonly [key: K, entry: Timestamped<V>]>;
}

/** A value of a window store. */
export interface WindowEntry<K, V> extends Timestamped<V> {
  readonly key: K;
  readonly startMs: number;
}

/** Values by key and the start of their window. */
export interface WindowStore<K, V> extends StateStore {
  get(key: K, startMs: number): V | null;
  getEntry(key: K, startMs: number): Timestamped<V> | null;
  /** Null removes. */
  put(key: K, startMs: number, value: V | null, timestampMs: number): void;
  /** Windows of a key that start in [fromMs, toMs], by rising start. */
  fetch(key: K, fromMs: number, toMs: number): readonly WindowEntry<K, V>[];
  /** Windows of all keys that start in [fromMs, toMs], by rising start. */
  fetchAll(fromMs: number, toMs: number): readonly WindowEntry<K, V>[];
  /** Forgets windows that start before; the changelog forgets by its retention. */
  expire(beforeMs: number): void;
  /** The earliest start; undefined when empty. */
  firstStartMs(): number | undefined;
}

/** A session of a session store: `startMs` and `endMs` are the times of its first and last record. */
export interface SessionEntry<K, V> {
  readonly key: K;
  readonly startMs: number;
  readonly endMs: number;
  readonly value: V;
}

/** Values by key and session. Sessions of one key never overlap. */
export interface SessionStore<K, V> extends StateStore {
  /** Null removes. */
  put(key: K, startMs: number, endMs: number, value: V | null): void;
  /** Sessions of a key that end at `earliestEndMs` or later and start at `latestStartMs` or earlier, by rising end. */
  find(key: K, earliestEndMs: number, latestStartMs: number): readonly SessionEntry<K, V>[];
  /** Sessions of all keys that end in [fromMs, toMs], by rising end. */
  fetchAll(fromMs: number, toMs: number): readonly SessionEntry<K, V>[];
  /** Forgets sessions that ended before. */
  expire(beforeMs: number): void;
}
