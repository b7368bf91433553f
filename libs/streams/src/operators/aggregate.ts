import type { Emit, OperatorFactory } from '../graph/operator.ts';
import type { Change } from '../record/change.ts';
import { CachedKeyValueStore } from '../stores/cached-key-value-store.ts';
import type { KeyValueStore } from '../stores/store.ts';

/** What is held for a key before its first record. */
export type Initializer<A> = () => A;
/** The next value from a record and the value so far; null removes the key. Returns a new value, never the changed old one. */
export type Aggregator<K, V, A> = (value: V, key: K, aggregate: A) => A | null;

/** Where an operator announces changes: a cache does it at the commit, so there is nothing to do at once. */
export function announcing<K, A>(store: KeyValueStore<K, A>, forward: Emit<K, A | null>): Emit<K, A | null> {
  if (!(store instanceof CachedKeyValueStore)) return forward;
  (store as CachedKeyValueStore<K, A>).announceTo(forward);
  return () => {};
}

/** Folds the records of each key. Those without key or value are skipped. */
export function aggregateOperator<K, V, A>(options: {
  readonly store: string;
  readonly initializer: Initializer<A>;
  readonly aggregator: Aggregator<K, V, A>;
}): OperatorFactory<K | null, V | null, K, A | null> {
  return ({ store, forward, task }) => {
    const state = store<KeyValueStore<K, A>>(options.store);
    const announce = announcing(state, forward);
    const { initializer, aggregator } = options;
    return (key, value, _old, timestampMs) => {
      if (key === null || value === null) {
        task.skipped(key === null ? 'null-key' : 'null-value');
        return;
      }
      const entry = state.getEntry(key);
      const before = entry === null ? null : entry.value;
      const latestMs = entry === null ? timestampMs : Math.max(entry.timestampMs, timestampMs);
      const after = aggregator(value, key, before === null ? initializer() : before);
      state.put(key, after, latestMs);
      if (after !== null || before !== null) announce(key, after, before, latestMs);
    };
  };
}

/** Keeps the fold of the rows of a table that are grouped: a row that changes is first taken out, then put in. */
export function tableAggregateOperator<K, V, A>(options: {
  readonly store: string;
  readonly initializer: Initializer<A>;
  readonly adder: Aggregator<K, V, A>;
  readonly subtractor: Aggregator<K, V, A>;
}): OperatorFactory<K | null, Change<V> | null, K, A | null> {
  return ({ store, forward, task }) => {
    const state = store<KeyValueStore<K, A>>(options.store);
    const announce = announcing(state, forward);
    const { initializer, adder, subtractor } = options;
    return (key, change, _old, timestampMs) => {
      if (key === null || change === null) {
        task.skipped(key === null ? 'null-key' : 'null-value');
        return;
      }
      const entry = state.getEntry(key);
      const before = entry === null ? null : entry.value;
      const latestMs = entry === null ? timestampMs : Math.max(entry.timestampMs, timestampMs);
      let after = before;
      if (change.old !== null && after !== null) after = subtractor(change.old, key, after);
      if (change.value !== null) after = adder(change.value, key, after ?? initializer());
      state.put(key, after, latestMs);
      if (after !== null || before !== null) announce(key, after, before, latestMs);
    };
  };
}
