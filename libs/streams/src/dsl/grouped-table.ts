import { requireSerde } from '../graph/graph-builder.ts';
import { type Aggregator, type Initializer, tableAggregateOperator } from '../operators/aggregate.ts';
import { storeGetter } from '../operators/table-operators.ts';
import { integerSerde } from '../serdes/integer-serde.ts';
import { eraseStore } from '../stores/store-spec.ts';
import type { CountOptions } from './grouped-stream.ts';
import type { RepartitionOptions, TableOptions } from './options.ts';
import { spreadByKey } from './stream-joins.ts';
import { eraseSerde, type StreamNode } from './stream-node.ts';
import type { Table } from './table.ts';

/** Rows of a table that are gathered by another key. */
export class GroupedTable<K, V> {
  readonly #node: StreamNode;
  readonly #options: RepartitionOptions<K, V>;

  /** @internal */
  constructor(node: StreamNode, options: RepartitionOptions<K, V>) {
    this.#node = node;
    this.#options = options;
  }

  /** Rows of each group. */
  count(options: CountOptions = {}): Table<K, number> {
    return this.#aggregate(
      'count',
      { ...options, value: integerSerde },
      () => 0,
      (_value, _key, count: number) => count + 1,
      (_value, _key, count: number) => count - 1,
    );
  }

  /** Folds the rows of a group; `subtractor` takes one out again. Both return a new value and never change the old one. */
  aggregate<A>(
    initializer: Initializer<A>,
    adder: Aggregator<K, V, A>,
    subtractor: Aggregator<K, V, A>,
    options: TableOptions<A>,
  ): Table<K, A> {
    return this.#aggregate('aggregate', options, initializer, adder, subtractor);
  }

  /** As `aggregate`, with rows for values: the first row of a group is its value. */
  reduce(adder: (aggregate: V, value: V) => V, subtractor: (aggregate: V, value: V) => V | null, options: TableOptions<V>): Table<K, V> {
    return this.#aggregate<V | null>(
      'reduce',
      options,
      () => null,
      (value, _key, held) => (held === null ? value : adder(held, value)),
      (value, _key, held) => (held === null ? null : subtractor(held, value)),
    ) as Table<K, V>;
  }

  #aggregate<A>(
    label: string,
    options: TableOptions<A>,
    initializer: Initializer<A>,
    adder: Aggregator<K, V, A>,
    subtractor: Aggregator<K, V, A>,
  ): Table<K, A> {
    const { graph } = this.#node;
    const name = graph.name(label, options.name);
    const node = spreadByKey(this.#node, this.#options.name ?? name, {
      generated: this.#options.name === undefined && options.name === undefined,
      partitions: this.#options.partitions,
    });
    const spec = eraseStore({
      kind: 'key-value',
      name,
      generated: options.name === undefined,
      key: requireSerde(node.key, name, 'key'),
      value: options.value,
      log: options.logged === false ? { kind: 'none' } : { kind: 'changelog' },
      cached: options.cached ?? true,
      retentionMs: Number.POSITIVE_INFINITY,
    });
    graph.addStore(spec);
    const create = tableAggregateOperator({ store: name, initializer, adder, subtractor });
    graph.operators.push({ kind: 'process', name, label, parents: [node.operator], stores: [name], create });
    return node.tableOf({
      node: { ...node, operator: name, value: eraseSerde(options.value) },
      getter: storeGetter(name),
      stores: [name],
      closesMs: undefined,
    });
  }
}
