import type { Emit } from '../graph/operator.ts';
import type { Windowed } from '../record/windowed.ts';
import { type KeyIdentity, keyIdentity } from '../serdes/key-identity.ts';
import { type CachedEntry, cleanEntry } from './cached-entry.ts';
import type { Timestamped, WindowStore } from './store.ts';
import type { StoreSpec } from './store-spec.ts';

interface CachedWindow<K, V> extends CachedEntry<K, V> {
  readonly startMs: number;
}

/** As `CachedKeyValueStore`, for windows. */
export class CachedWindowStore<K, V> implements WindowStore<K, V> {
  readonly name: string;
  readonly #inner: WindowStore<K, V>;
  readonly #identityOf: (key: K) => KeyIdentity;
  readonly #windows = new Map<number, Map<KeyIdentity, CachedWindow<K, V>>>();
  readonly #entriesMax: number;
  #size = 0;
  #dirty: CachedWindow<K, V>[] = [];
  #forward: Emit<Windowed<K>, V | null> = () => {};
  #windowMs = 0;

  constructor(inner: WindowStore<K, V>, spec: StoreSpec<K, V>, entriesMax: number) {
    this.name = spec.name;
    this.#inner = inner;
    this.#entriesMax = entriesMax;
    this.#identityOf = keyIdentity(spec.key, spec.name);
  }

  /** Where changes go when they are written out; `windowMs` is the length of each window. */
  announceTo(forward: Emit<Windowed<K>, V | null>, windowMs: number): void {
    this.#forward = forward;
    this.#windowMs = windowMs;
  }

  get(key: K, startMs: number): V | null {
    return this.#load(key, startMs).value;
  }

  getEntry(key: K, startMs: number): Timestamped<V> | null {
    const entry = this.#load(key, startMs);
    return entry.value === null ? null : (entry as Timestamped<V>);
  }

  put(key: K, startMs: number, value: V | null, timestampMs: number): void {
    const entry = this.#load(key, startMs);
    entry.value = value;
    entry.timestampMs = timestampMs;
    if (entry.dirty) return;
    entry.dirty = true;
    this.#dirty.push(entry);
  }

  fetch(key: K, fromMs: number, toMs: number): ReturnType<WindowStore<K, V>['fetch']> {
    this.#writeOut();
    return this.#inner.fetch(key, fromMs, toMs);
  }

  fetchAll(fromMs: number, toMs: number): ReturnType<WindowStore<K, V>['fetchAll']> {
    this.#writeOut();
    return this.#inner.fetchAll(fromMs, toMs);
  }

  expire(beforeMs: number): void {
    this.#writeOut();
    for (const [startMs, keys] of this.#windows) {
      if (startMs >= beforeMs) continue;
      this.#size -= keys.size;
      this.#windows.delete(startMs);
    }
    this.#inner.expire(beforeMs);
  }

  firstStartMs(): number | undefined {
    this.#writeOut();
    return this.#inner.firstStartMs();
  }

  restore(key: Uint8Array, value: Uint8Array | null, timestampMs: number): void {
    this.#inner.restore(key, value, timestampMs);
  }

  flush(): void {
    this.#writeOut();
    this.#inner.flush();
  }

  close(): void {
    this.#windows.clear();
    this.#size = 0;
    this.#dirty = [];
    this.#inner.close();
  }

  #load(key: K, startMs: number): CachedWindow<K, V> {
    const identity = this.#identityOf(key);
    const held = this.#windows.get(startMs)?.get(identity);
    if (held !== undefined) return held;
    if (this.#size >= this.#entriesMax) this.#forget();
    const entry = { ...cleanEntry(key, this.#inner.getEntry(key, startMs)), startMs };
    const keys = this.#windows.get(startMs) ?? new Map<KeyIdentity, CachedWindow<K, V>>();
    this.#windows.set(startMs, keys);
    keys.set(identity, entry);
    this.#size++;
    return entry;
  }

  #forget(): void {
    this.#writeOut();
    this.#windows.clear();
    this.#size = 0;
  }

  #writeOut(): void {
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const entry of dirty) {
      const { key, startMs, value, known, timestampMs } = entry;
      entry.dirty = false;
      entry.known = value;
      if (value === null && known === null) continue;
      this.#inner.put(key, startMs, value, timestampMs);
      this.#forward({ key, window: { startMs, endMs: startMs + this.#windowMs } }, value, known, timestampMs);
    }
  }
}
