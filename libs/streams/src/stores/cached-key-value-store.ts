import type { Emit } from '../graph/operator.ts';
import { type KeyIdentity, keyIdentity } from '../serdes/key-identity.ts';
import { type CachedEntry, cleanEntry } from './cached-entry.ts';
import type { KeyValueStore, Timestamped } from './store.ts';
import type { StoreSpec } from './store-spec.ts';

/**
 * Gathers the changes of each key until the commit: then its last value goes to the store below, to the changelog and
 * downstream, once. Scans write out first, so that they see everything.
 */
export class CachedKeyValueStore<K, V> implements KeyValueStore<K, V> {
  readonly name: string;
  readonly #inner: KeyValueStore<K, V>;
  readonly #entriesMax: number;
  readonly #identityOf: (key: K) => KeyIdentity;
  readonly #entries = new Map<KeyIdentity, CachedEntry<K, V>>();
  #dirty: CachedEntry<K, V>[] = [];
  #forward: Emit<K, V | null> = () => {};

  constructor(inner: KeyValueStore<K, V>, spec: StoreSpec<K, V>, entriesMax: number) {
    this.name = spec.name;
    this.#inner = inner;
    this.#entriesMax = entriesMax;
    this.#identityOf = keyIdentity(spec.key, spec.name);
  }

  /** Where changes go when they are written out. */
  announceTo(forward: Emit<K, V | null>): void {
    this.#forward = forward;
  }

  get(key: K): V | null {
    return this.#load(key).value;
  }

  getEntry(key: K): Timestamped<V> | null {
    const entry = this.#load(key);
    return entry.value === null ? null : (entry as Timestamped<V>);
  }

  put(key: K, value: V | null, timestampMs: number): void {
    const entry = this.#load(key);
    entry.value = value;
    entry.timestampMs = timestampMs;
    if (entry.dirty) return;
    entry.dirty = true;
    this.#dirty.push(entry);
  }

  range(from: K, to: K): ReturnType<KeyValueStore<K, V>['range']> {
    this.#writeOut();
    return this.#inner.range(from, to);
  }

  entries(): ReturnType<KeyValueStore<K, V>['entries']> {
    this.#writeOut();
    return this.#inner.entries();
  }

  restore(key: Uint8Array, value: Uint8Array | null, timestampMs: number): void {
    this.#inner.restore(key, value, timestampMs);
  }

  flush(): void {
    this.#writeOut();
    this.#inner.flush();
  }

  close(): void {
    this.#entries.clear();
    this.#dirty = [];
    this.#inner.close();
  }

  #load(key: K): CachedEntry<K, V> {
    const identity = this.#identityOf(key);
    const held = this.#entries.get(identity);
    if (held !== undefined) return held;
    if (this.#entries.size >= this.#entriesMax) this.#evict();
    const entry = cleanEntry(key, this.#inner.getEntry(key));
    this.#entries.set(identity, entry);
    return entry;
  }

  /** Makes room by writing out everything and forgetting the older half: once per many records, not for each. */
  #evict(): void {
    this.#writeOut();
    let left = this.#entriesMax >> 1;
    for (const identity of this.#entries.keys()) {
      this.#entries.delete(identity);
      if (left-- <= 0) return;
    }
  }

  #writeOut(): void {
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const entry of dirty) {
      const { key, value, known, timestampMs } = entry;
      entry.dirty = false;
      entry.known = value;
      if (value === null && known === null) continue;
      this.#inner.put(key, value, timestampMs);
      this.#forward(key, value, known, timestampMs);
    }
  }
}
