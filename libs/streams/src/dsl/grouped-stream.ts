import { requireSerde } from '../graph/graph-builder.ts';
import type { AnyOperatorFactory } from '../graph/operator.ts';
import { type Aggregator, aggregateOperator, type Initializer } from '../operators/aggregate.ts';
import { storeGetter } from '../operators/table-operators.ts';
import type { SessionWindows, SlidingWindows, TimeWindows } from '../operators/windows.ts';
import { integerSerde } from '../serdes/integer-serde.ts';
import { eraseStore } from '../stores/store-spec.ts';
import { CogroupedStream } from './cogrouped-stream.ts';
import type { Named, RepartitionOptions, TableOptions } from './options.ts';
import { SessionWindowedStream } from './session-windowed-stream.ts';
import { spreadByKey } from './stream-joins.ts';
import { eraseSerde, type StreamNode } from './stream-node.ts';
import { Table } from './table.ts';
import { WindowedStream } from './windowed-stream.ts';

/** Settings of a count; its format is known. */
export type CountOptions = Omit<TableOptions<number>, 'value'>;

/** Records that are gathered by their keys. */
export class GroupedStream<K, V> {
  /** @internal */
  readonly node: StreamNode;
  /** @internal */
  readonly options: RepartitionOptions<K, V>;

  /** @internal */
  constructor(node: StreamNode, options: RepartitionOptions<K, V>) {
    this.node = node;
    this.options = options;
  }

  count(options: CountOptions = {}): Table<K, number> {
    return this.#aggregate(
      'count',
      () => 0,
      (_value, _key, count) => count + 1,
      { ...options, value: integerSerde },
    );
  }

  /** Folds the values of a key into one of their kind. */
  reduce(reducer: (aggregate: V, value: V, key: K) => V, options: Named & Partial<TableOptions<V>> = {}): Table<K, V> {
    const value = options.value ?? (this.node.value as TableOptions<V>['value'] | undefined);
    return this.#aggregate<V | null>(
      'reduce',
      () => null,
      (next, key, held) => (held === null ? next : reducer(held, next, key)),
      { ...options, value: requireSerde(value, options.name ?? 'reduce', 'value') },
    ) as Table<K, V>;
  }

  /** Folds the values of a key. The aggregator returns a new value, or null to forget the key; it never changes the old one. */
  aggregate<A>(initializer: Initializer<A>, aggregator: Aggregator<K, V, A>, options: TableOptions<A>): Table<K, A> {
    return this.#aggregate('aggregate', initializer, aggregator, options);
  }

  /** Folds values of several streams into one table, by a function for each. */
  cogroup<A>(aggregator: Aggregator<K, V, A>): CogroupedStream<K, A> {
    return new CogroupedStream<K, A>([]).cogroup(this, aggregator);
  }

  windowedBy(windows: SessionWindows): SessionWindowedStream<K, V>;
  windowedBy(windows: TimeWindows | SlidingWindows): WindowedStream<K, V>;
  windowedBy(windows: TimeWindows | SlidingWindows | SessionWindows): WindowedStream<K, V> | SessionWindowedStream<K, V> {
    if (windows.kind === 'session') return new SessionWindowedStream(this.node, this.options, windows);
    return new WindowedStream(this.node, this.options, windows);
  }

  #aggregate<A>(label: string, initializer: Initializer<A>, aggregator: Aggregator<K, V, A>, options: TableOptions<A>): Table<K, A> {
    const { graph } = this.node;
    const name = graph.name(label, options.name);
    const node = spreadByKey(this.node, this.options.name ?? name, {
      generated: this.options.name === undefined && options.name === undefined,
      partitions: this.options.partitions,
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
    const create: AnyOperatorFactory = aggregateOperator({ store: name, initializer, aggregator });
    graph.operators.push({ kind: 'process', name, label, parents: [node.operator], stores: [name], create });
    return new Table({
      node: { ...node, operator: name, value: eraseSerde(options.value) },
      getter: storeGetter(name),
      stores: [name],
      closesMs: undefined,
    });
  }
}
