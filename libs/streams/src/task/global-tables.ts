import { MoldauError } from '@moldau/kernel';
import type { GlobalSource } from '../graph/operator.ts';
import type { InputRecord } from '../record/record-context.ts';
import type { KeyValueStore } from '../stores/store.ts';
import type { StoreFactory } from '../stores/store-factory.ts';
import { globalStoreSpec } from './global-store-spec.ts';

/** The global tables of an instance: one copy for all of its tasks, which only read. The host feeds it every partition of the topics. */
export class GlobalTables {
  readonly #stores = new Map<string, KeyValueStore<unknown, unknown>>();
  readonly #byTopic = new Map<string, KeyValueStore<unknown, unknown>[]>();

  constructor(sources: readonly GlobalSource[], factory: StoreFactory) {
    for (const source of sources) {
      const store = factory.keyValue(globalStoreSpec(source));
      this.#stores.set(source.name, store);
      this.#byTopic.set(source.topic, [...(this.#byTopic.get(source.topic) ?? []), store]);
    }
  }

  get topics(): readonly string[] {
    return [...this.#byTopic.keys()];
  }

  /** @throws MoldauError SERIALIZATION_FAILED; records without a key are no part of a table */
  process(record: InputRecord): void {
    const { key, value, topic, partition, offset, timestampMs } = record;
    if (key === null) return;
    for (const store of this.#byTopic.get(topic) ?? []) {
      try {
        store.restore(key, value, timestampMs);
      } catch (cause) {
        const detail = cause instanceof Error ? cause.message : String(cause);
        const facts = { topic, partition: String(partition), offset: String(offset) };
        throw new MoldauError('SERIALIZATION_FAILED', `the record at ${topic}-${partition} offset ${offset}: ${detail}`, facts, { cause });
      }
    }
  }

  store(name: string): KeyValueStore<unknown, unknown> {
    const store = this.#stores.get(name);
    if (store !== undefined) return store;
    throw new MoldauError('UNCONNECTED_STORE', `there is no global table ${name}`, { store: name });
  }

  close(): void {
    for (const store of this.#stores.values()) store.close();
  }
}
