import type { Serde } from '@moldau/client/serdes';
import { MoldauError } from '@moldau/kernel';
import { MemoryKeyValueStore } from '../stores/memory-key-value-store.ts';
import { MemorySessionStore } from '../stores/memory-session-store.ts';
import { MemoryWindowStore } from '../stores/memory-window-store.ts';
import type { Timestamped } from '../stores/store.ts';
import type { StoreFactory } from '../stores/store-factory.ts';
import type { StoreSpec } from '../stores/store-spec.ts';
import { TaskStopped } from '../task/failure.ts';

/** Remembers how values looked when they were stored. */
class Originals<V> {
  readonly #bytes = new WeakMap<object, Uint8Array>();
  readonly #serde: Serde<V>;
  readonly #name: string;

  constructor(spec: StoreSpec<unknown, V>) {
    this.#serde = spec.value;
    this.#name = spec.name;
  }

  remember(value: V | null): void {
    if (typeof value === 'object' && value !== null) this.#bytes.set(value, this.#serde.serialize(value, this.#name));
  }

  check(value: V | null | undefined): void {
    if (typeof value !== 'object' || value === null) return;
    const bytes = this.#bytes.get(value);
    if (bytes === undefined || Buffer.compare(bytes, this.#serde.serialize(value, this.#name)) === 0) return;
    const message = `a function changed a value of the store ${this.#name} in place; return a new value, as ({ ...old, count: old.count + 1 })`;
    throw new TaskStopped(new MoldauError('STATE_CHANGED_IN_PLACE', message, { store: this.#name }));
  }
}

class VerifyingKeyValueStore<K, V> extends MemoryKeyValueStore<K, V> {
  readonly #originals: Originals<V>;

  constructor(spec: StoreSpec<K, V>) {
    super(spec);
    this.#originals = new Originals(spec);
  }

  override getEntry(key: K): Timestamped<V> | null {
    const entry = super.getEntry(key);
    this.#originals.check(entry?.value);
    return entry;
  }

  override put(key: K, value: V | null, timestampMs: number): void {
    this.#originals.check(super.get(key));
    this.#originals.remember(value);
    super.put(key, value, timestampMs);
  }
}

class VerifyingWindowStore<K, V> extends MemoryWindowStore<K, V> {
  readonly #originals: Originals<V>;

  constructor(spec: StoreSpec<K, V>) {
    super(spec);
    this.#originals = new Originals(spec);
  }

  override put(key: K, startMs: number, value: V | null, timestampMs: number): void {
    this.#originals.check(super.get(key, startMs));
    this.#originals.remember(value);
    super.put(key, startMs, value, timestampMs);
  }
}

/** State in memory that notices when a program changes a stored value in place: on disk that change would be lost. */
export const verifyingStores: StoreFactory = {
  keyValue: (spec) => new VerifyingKeyValueStore(spec),
  window: (spec) => new VerifyingWindowStore(spec),
  session: (spec) => new MemorySessionStore(spec),
};
