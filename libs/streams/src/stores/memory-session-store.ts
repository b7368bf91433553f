import { type KeyIdentity, keyIdentity } from '../serdes/key-identity.ts';
import type { SessionEntry, SessionStore } from './store.ts';
import { decodeSessionKey } from './store-keys.ts';
import type { StoreSpec } from './store-spec.ts';
import { TimeIndex } from './time-index.ts';

interface Entry<K, V> extends SessionEntry<K, V> {
  readonly identity: KeyIdentity;
  value: V;
}

/** Sessions in memory: a short list per key, and all of them by their end. */
export class MemorySessionStore<K, V> implements SessionStore<K, V> {
  readonly name: string;
  readonly #spec: StoreSpec<K, V>;
  readonly #identityOf: (key: K) => KeyIdentity;
  /** Per key by rising end, which is by rising start too. */
  readonly #byKey = new Map<KeyIdentity, Entry<K, V>[]>();
  readonly #byEnd = new TimeIndex<Entry<K, V>>();

  constructor(spec: StoreSpec<K, V>) {
    this.name = spec.name;
    this.#spec = spec;
    this.#identityOf = keyIdentity(spec.key, spec.name);
  }

  put(key: K, startMs: number, endMs: number, value: V | null): void {
    const identity = this.#identityOf(key);
    const list = this.#byKey.get(identity) ?? [];
    const at = list.findIndex((entry) => entry.startMs === startMs && entry.endMs === endMs);
    const entry = list[at];
    if (entry !== undefined) {
      if (value === null) this.#remove(entry, list, at);
      else entry.value = value;
      return;
    }
    if (value === null) return;
    const added: Entry<K, V> = { identity, key, startMs, endMs, value };
    if (list.length === 0) this.#byKey.set(identity, list);
    const later = list.findIndex((other) => other.endMs > endMs);
    list.splice(later === -1 ? list.length : later, 0, added);
    this.#byEnd.add(endMs, added);
  }

  find(key: K, earliestEndMs: number, latestStartMs: number): readonly SessionEntry<K, V>[] {
    const list = this.#byKey.get(this.#identityOf(key)) ?? [];
    return list.filter(({ startMs, endMs }) => endMs >= earliestEndMs && startMs <= latestStartMs);
  }

  fetchAll(fromMs: number, toMs: number): readonly SessionEntry<K, V>[] {
    return this.#byEnd.between(fromMs, toMs);
  }

  expire(beforeMs: number): void {
    for (const entry of this.#byEnd.takeBefore(beforeMs)) {
      const list = this.#byKey.get(entry.identity);
      if (list === undefined) continue;
      list.splice(list.indexOf(entry), 1);
      if (list.length === 0) this.#byKey.delete(entry.identity);
    }
  }

  restore(bytes: Uint8Array, value: Uint8Array | null): void {
    const { key: keySerde, value: valueSerde, name } = this.#spec;
    const { key, startMs, endMs } = decodeSessionKey(bytes);
    this.put(keySerde.deserialize(key, name), startMs, endMs, value === null ? null : valueSerde.deserialize(value, name));
  }

  flush(): void {}

  close(): void {
    this.#byEnd.takeBefore(Number.POSITIVE_INFINITY);
    this.#byKey.clear();
  }

  #remove(entry: Entry<K, V>, list: Entry<K, V>[], at: number): void {
    list.splice(at, 1);
    if (list.length === 0) this.#byKey.delete(entry.identity);
    this.#byEnd.remove(entry.endMs, entry);
  }
}
