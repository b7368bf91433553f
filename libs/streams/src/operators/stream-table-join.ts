import type { OperatorFactory } from '../graph/operator.ts';
import type { KeyValueStore } from '../stores/store.ts';
import type { GetterFactory } from './table-operators.ts';

/** Each record meets what the table holds for its key at that moment; changes of the table alone give nothing. */
export function streamTableJoinOperator<K, V, VT, R>(options: {
  readonly getter: GetterFactory<K, VT>;
  readonly kind: 'inner' | 'left';
  readonly joiner: (value: V, table: VT | null, key: K) => R;
}): OperatorFactory<K | null, V, K, R> {
  const { kind, joiner } = options;
  return (setup) => {
    const get = options.getter(setup);
    const { forward, task } = setup;
    return (key, value, _old, timestampMs) => {
      if (key === null || value === null) {
        task.skipped(key === null ? 'null-key' : 'null-value');
        return;
      }
      const entry = get(key);
      if (entry === null && kind === 'inner') return;
      forward(key, joiner(value, entry === null ? null : entry.value, key), null, timestampMs);
    };
  };
}

/** As with a table, by a key that is made of the record; every instance holds all of the table. */
export function streamGlobalJoinOperator<K, V, KG, VG, R>(options: {
  readonly table: string;
  readonly kind: 'inner' | 'left';
  readonly keyOf: (value: V, key: K) => KG | null;
  readonly joiner: (value: V, table: VG | null, key: K) => R;
}): OperatorFactory<K, V, K, R> {
  const { kind, keyOf, joiner } = options;
  return ({ forward, task }) => {
    const state = task.globalStore(options.table) as KeyValueStore<KG, VG>;
    return (key, value, _old, timestampMs) => {
      const globalKey = keyOf(value, key);
      const found = globalKey === null ? null : state.get(globalKey);
      if (found === null && kind === 'inner') return;
      forward(key, joiner(value, found, key), null, timestampMs);
    };
  };
}
