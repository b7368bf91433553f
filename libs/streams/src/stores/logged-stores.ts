import type { KeyValueStore, SessionStore, StateStore, Timestamped, WindowStore } from './store.ts';
import { encodeSessionKey, encodeWindowKey } from './store-keys.ts';
import type { StoreSpec } from './store-spec.ts';

/** Port: takes the changes of a task's stores, in order. Null removes the key. */
export interface Changelog {
  append(store: string, key: Uint8Array, value: Uint8Array | null, timestampMs: number): void;
}

/** Every change of a store, as bytes. */
type Append = (key: Uint8Array, value: Uint8Array | null, timestampMs: number) => void;

abstract class LoggedStore<Inner extends StateStore, K, V> implements StateStore {
  readonly name: string;
  protected readonly inner: Inner;
  protected readonly append: Append;
  readonly #spec: StoreSpec<K, V>;

  constructor(inner: Inner, spec: StoreSpec<K, V>, changelog: Changelog) {
    this.name = spec.name;
    this.inner = inner;
    this.append = (key, value, timestampMs) => changelog.append(spec.name, key, value, timestampMs);
    this.#spec = spec;
  }

  restore(key: Uint8Array, value: Uint8Array | null, timestampMs: number): void {
    this.inner.restore(key, value, timestampMs);
  }

  flush(): void {
    this.inner.flush();
  }

  close(): void {
    this.inner.close();
  }

  protected keyBytes(key: K): Uint8Array {
    return this.#spec.key.serialize(key, this.name);
  }

  protected valueBytes(value: V | null): Uint8Array | null {
    return value === null ? null : this.#spec.value.serialize(value, this.name);
  }
}

/** A key-value store whose changes go to a changelog. */
export class LoggedKeyValueStore<K, V> extends LoggedStore<KeyValueStore<K, V>, K, V> implements KeyValueStore<K, V> {
  get(key: K): V | null {
    return this.inner.get(key);
  }

  getEntry(key: K): Timestamped<V> | null {
    return this.inner.getEntry(key);
  }

  put(key: K, value: V | null, timestampMs: number): void {
    // Serialized first: what can't be written is not kept either.
    this.append(this.keyBytes(key), this.valueBytes(value), timestampMs);
    this.inner.put(key, value, timestampMs);
  }

  range(from: K, to: K): ReturnType<KeyValueStore<K, V>['range']> {
    return this.inner.range(from, to);
  }

  entries(): ReturnType<KeyValueStore<K, V>['entries']> {
    return this.inner.entries();
  }
}

/** A window store whose changes go to a changelog; what expires is left to the retention of that topic. */
export class LoggedWindowStore<K, V> extends LoggedStore<WindowStore<K, V>, K, V> implements WindowStore<K, V> {
  get(key: K, startMs: number): V | null {
    return this.inner.get(key, startMs);
  }

  getEntry(key: K, startMs: number): Timestamped<V> | null {
    return this.inner.getEntry(key, startMs);
  }

  put(key: K, startMs: number, value: V | null, timestampMs: number): void {
    this.append(encodeWindowKey(this.keyBytes(key), startMs), this.valueBytes(value), timestampMs);
    this.inner.put(key, startMs, value, timestampMs);
  }

  fetch(key: K, fromMs: number, toMs: number): ReturnType<WindowStore<K, V>['fetch']> {
    return this.inner.fetch(key, fromMs, toMs);
  }

  fetchAll(fromMs: number, toMs: number): ReturnType<WindowStore<K, V>['fetchAll']> {
    return this.inner.fetchAll(fromMs, toMs);
  }

  expire(beforeMs: number): void {
    this.inner.expire(beforeMs);
  }

  firstStartMs(): number | undefined {
    return this.inner.firstStartMs();
  }
}

/** A session store whose changes go to a changelog. */
export class LoggedSessionStore<K, V> extends LoggedStore<SessionStore<K, V>, K, V> implements SessionStore<K, V> {
  put(key: K, startMs: number, endMs: number, value: V | null): void {
    this.append(encodeSessionKey(this.keyBytes(key), startMs, endMs), this.valueBytes(value), endMs);
    this.inner.put(key, startMs, endMs, value);
  }

  find(key: K, earliestEndMs: number, latestStartMs: number): ReturnType<SessionStore<K, V>['find']> {
    return this.inner.find(key, earliestEndMs, latestStartMs);
  }

  fetchAll(fromMs: number, toMs: number): ReturnType<SessionStore<K, V>['fetchAll']> {
    return this.inner.fetchAll(fromMs, toMs);
  }

  expire(beforeMs: number): void {
    this.inner.expire(beforeMs);
  }
}
