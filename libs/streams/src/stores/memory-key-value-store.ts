import { type KeyIdentity, keyIdentity } from '../serdes/key-identity.ts';
import type { KeyValueStore, Timestamped } from './store.ts';
import type { StoreSpec } from './store-spec.ts';

interface Entry<K, V> {
  readonly key: K;
  value: V;
  timestampMs: number;
}

/** Values by key, in memory as objects: nothing is serialized on the way in or out. */
export class MemoryKeyValueStore<K, V> implements KeyValueStore<K, V> {
  readonly name: string;
  readonly #spec: StoreSpec<K, V>;
  readonly #identityOf: (key: K) => KeyIdentity;
  readonly #entries = new Map<KeyIdentity, Entry<K, V>>();

  constructor(spec: StoreSpec<K, V>) {
    this.name = spec.name;
    this.#spec = spec;
    this.#identityOf = keyIdentity(spec.key, spec.name);
  }

  get(key: K): V | null {
    return this.#entries.get(this.#identityOf(key))?.value ?? null;
  }

  getEntry(key: K): Timestamped<V> | null {
    return this.#entries.get(this.#identityOf(key)) ?? null;
  }

  put(key: K, value: V | null, timestampMs: number): void {
    const identity = this.#identityOf(key);
    if (value === null) {
      this.#entries.delete(identity);
      return;
    }
    const entry = this.#entries.get(identity);
    if (entry === undefined) {
      this.#entries.set(identity, { key, value, timestampMs });
      return;
    }
    entry.value = value;
    entry.timestampMs = timestampMs;
  }

  range(from: K, to: K): readonly (readonly [key: K, entry: Timestamped<V>])[] {
    const { key: serde, name } = this.#spec;
    const [low, high] = [serde.serialize(from, name), serde.serialize(to, name)];
    return [...this.#entries.values()]
      .map((entry) => ({ entry, bytes: serde.serialize(entry.key, name) }))
      .filter(({ bytes }) => Buffer.compare(bytes, low) >= 0 && Buffer.compare(bytes, high) <= 0)
      .sort((left, right) => Buffer.compare(left.bytes, right.bytes))
      .map(({ entry }) => [entry.key, entry]);
  }

  entries(): readonly (readonly [key: K, entry: Timestamped<V>])[] {
    return [...this.#entries.values()].map((entry) => [entry.key, entry]);
  }

  restore(key: Uint8Array, value: Uint8Array | null, timestampMs: number): void {
    const { key: keySerde, value: valueSerde, name } = this.#spec;
    this.put(keySerde.deserialize(key, name), value === null ? null : valueSerde.deserialize(value, name), timestampMs);
  }

  flush(): void {}

  close(): void {
    this.#entries.clear();
  }
}
