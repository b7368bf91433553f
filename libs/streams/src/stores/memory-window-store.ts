import { type KeyIdentity, keyIdentity } from '../serdes/key-identity.ts';
import type { Timestamped, WindowEntry, WindowStore } from './store.ts';
import { decodeWindowKey } from './store-keys.ts';
import type { StoreSpec } from './store-spec.ts';
import { TimeIndex } from './time-index.ts';

interface Entry<K, V> extends WindowEntry<K, V> {
  readonly identity: KeyIdentity;
  value: V;
  timestampMs: number;
}

/** Windows in memory: a short list per key, and all of them by time. */
export class MemoryWindowStore<K, V> implements WindowStore<K, V> {
  readonly name: string;
  readonly #spec: StoreSpec<K, V>;
  readonly #identityOf: (key: K) => KeyIdentity;
  /** Per key by rising start. */
  readonly #byKey = new Map<KeyIdentity, Entry<K, V>[]>();
  readonly #byTime = new TimeIndex<Entry<K, V>>();
  #size = 0;

  constructor(spec: StoreSpec<K, V>) {
    this.name = spec.name;
    this.#spec = spec;
    this.#identityOf = keyIdentity(spec.key, spec.name);
  }

  /** Windows that it holds. */
  get size(): number {
    return this.#size;
  }

  get(key: K, startMs: number): V | null {
    return this.getEntry(key, startMs)?.value ?? null;
  }

  getEntry(key: K, startMs: number): Timestamped<V> | null {
    const list = this.#byKey.get(this.#identityOf(key));
    if (list === undefined) return null;
    const entry = list[placeOf(list, startMs)];
    return entry?.startMs === startMs ? entry : null;
  }

  put(key: K, startMs: number, value: V | null, timestampMs: number): void {
    const identity = this.#identityOf(key);
    const list = this.#byKey.get(identity) ?? [];
    const at = placeOf(list, startMs);
    const entry = list[at];
    if (entry?.startMs === startMs) {
      if (value === null) this.#remove(entry, list, at);
      else {
        entry.value = value;
        entry.timestampMs = timestampMs;
      }
      return;
    }
    if (value === null) return;
    const added: Entry<K, V> = { identity, key, startMs, value, timestampMs };
    if (list.length === 0) this.#byKey.set(identity, list);
    if (at === list.length) list.push(added);
    else list.splice(at, 0, added);
    this.#byTime.add(startMs, added);
    this.#size++;
  }

  fetch(key: K, fromMs: number, toMs: number): readonly WindowEntry<K, V>[] {
    const list = this.#byKey.get(this.#identityOf(key));
    if (list === undefined) return [];
    const from = placeOf(list, fromMs);
    let to = from;
    while (to < list.length && list[to]!.startMs <= toMs) to++;
    return list.slice(from, to);
  }

  fetchAll(fromMs: number, toMs: number): readonly WindowEntry<K, V>[] {
    return this.#byTime.between(fromMs, toMs);
  }

  expire(beforeMs: number): void {
    for (const entry of this.#byTime.takeBefore(beforeMs)) {
      this.#size--;
      const list = this.#byKey.get(entry.identity);
      if (list === undefined) continue;
      list.splice(placeOf(list, entry.startMs), 1);
      if (list.length === 0) this.#byKey.delete(entry.identity);
    }
  }

  firstStartMs(): number | undefined {
    return this.#byTime.firstMs();
  }

  restore(bytes: Uint8Array, value: Uint8Array | null, timestampMs: number): void {
    const { key: keySerde, value: valueSerde, name } = this.#spec;
    const { key, startMs } = decodeWindowKey(bytes);
    this.put(keySerde.deserialize(key, name), startMs, value === null ? null : valueSerde.deserialize(value, name), timestampMs);
  }

  flush(): void {}

  close(): void {
    this.#byTime.takeBefore(Number.POSITIVE_INFINITY);
    this.#byKey.clear();
    this.#size = 0;
  }

  #remove(entry: Entry<K, V>, list: Entry<K, V>[], at: number): void {
    list.splice(at, 1);
    this.#size--;
    if (list.length === 0) this.#byKey.delete(entry.identity);
    this.#byTime.remove(entry.startMs, entry);
  }
}

/** Place of the first entry that does not start before `startMs`; from the end, where the youngest windows are. */
function placeOf(list: readonly { readonly startMs: number }[], startMs: number): number {
  let low = 0;
  let high = list.length;
  if (high > 0 && list[high - 1]!.startMs < startMs) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle]!.startMs < startMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
