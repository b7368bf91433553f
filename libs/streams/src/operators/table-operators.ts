import type { OperatorFactory, OperatorSetup } from '../graph/operator.ts';
import type { Change } from '../record/change.ts';
import type { KeyValueStore, Timestamped } from '../stores/store.ts';
import { announcing } from './aggregate.ts';

/** Looks up what a table holds for a key now. */
export type Getter<K, V> = (key: K) => Timestamped<V> | null;
/** Made once per task, from the stores that it names. */
export type GetterFactory<K, V> = (setup: Pick<OperatorSetup<never, never>, 'store'>) => Getter<K, V>;

/** A topic as a table: the last value of each key. */
export function tableSourceOperator<K, V>(storeName: string): OperatorFactory<K | null, V | null, K, V | null> {
  return ({ store, forward, task }) => {
    const state = store<KeyValueStore<K, V>>(storeName);
    const announce = announcing(state, forward);
    return (key, value, _old, timestampMs) => {
      if (key === null) {
        task.skipped('null-key');
        return;
      }
      const before = state.get(key);
      state.put(key, value, timestampMs);
      if (value !== null || before !== null) announce(key, value, before, timestampMs);
    };
  };
}

export function storeGetter<K, V>(storeName: string): GetterFactory<K, V> {
  return ({ store }) => {
    const state = store<KeyValueStore<K, V>>(storeName);
    return (key) => state.getEntry(key);
  };
}

/** A row of a table; where the function says null, there is none. */
export type RowMapper<K, V, V2> = (value: V, key: K) => V2 | null;

export function tableMapOperator<K, V, V2>(fn: RowMapper<K, V, V2>): OperatorFactory<K, V | null, K, V2 | null> {
  return ({ forward }) =>
    (key, value, old, timestampMs) => {
      const after = value === null ? null : fn(value, key);
      const before = old === null ? null : fn(old, key);
      if (after !== null || before !== null) forward(key, after, before, timestampMs);
    };
}

export function mappedGetter<K, V, V2>(getter: GetterFactory<K, V>, fn: RowMapper<K, V, V2>): GetterFactory<K, V2> {
  return (setup) => {
    const get = getter(setup);
    return (key) => {
      const entry = get(key);
      const value = entry === null ? null : fn(entry.value, key);
      return entry === null || value === null ? null : { value, timestampMs: entry.timestampMs };
    };
  };
}

/** Sends each row to its group: what it was leaves its old group, what it is joins its new one. */
export function regroupOperator<K, V, K2, V2>(
  fn: (value: V, key: K) => readonly [key: K2, value: V2],
): OperatorFactory<K, V | null, K2, Change<V2>> {
  return ({ forward }) =>
    (key, value, old, timestampMs) => {
      const left = old === null ? null : fn(old, key);
      const joined = value === null ? null : fn(value, key);
      // Together when the group stays, so that nobody sees the group without the row.
      if (left !== null && joined !== null && Object.is(left[0], joined[0])) {
        forward(joined[0], { value: joined[1], old: left[1] }, null, timestampMs);
        return;
      }
      if (left !== null) forward(left[0], { value: null, old: left[1] }, null, timestampMs);
      if (joined !== null) forward(joined[0], { value: joined[1], old: null }, null, timestampMs);
    };
}
