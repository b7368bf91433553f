import { requireSerde } from '../graph/graph-builder.ts';
import type { AnyOperatorFactory } from '../graph/operator.ts';
import type { Aggregator, Initializer } from '../operators/aggregate.ts';
import { slidingAggregateOperator } from '../operators/sliding-aggregate.ts';
import { windowedAggregateOperator } from '../operators/windowed-aggregate.ts';
import type { SlidingWindows, TimeWindows } from '../operators/windows.ts';
import type { Windowed } from '../record/windowed.ts';
import { integerSerde } from '../serdes/integer-serde.ts';
import { windowedSerde } from '../serdes/windowed-serde.ts';
import { eraseStore, type StoreSpec } from '../stores/store-spec.ts';
import type { CountOptions } from './grouped-stream.ts';
import type { Named, RepartitionOptions, TableOptions } from './options.ts';
import { spreadByKey } from './stream-joins.ts';
import { eraseSerde, type StreamNode } from './stream-node.ts';
import { Table } from './table.ts';
import { windowGetter } from './windowed-getter.ts';

/** Records that are gathered by their keys and times. */
export class WindowedStream<K, V> {
  readonly #node: StreamNode;
  readonly #options: RepartitionOptions<K, V>;
  readonly #windows: TimeWindows | SlidingWindows;

  /** @internal */
  constructor(node: StreamNode, options: RepartitionOptions<K, V>, windows: TimeWindows | SlidingWindows) {
    this.#node = node;
    this.#options = options;
    this.#windows = windows;
  }

  count(options: CountOptions = {}): Table<Windowed<K>, number> {
    return this.#aggregate(
      'count',
      () => 0,
      (_value, _key, count) => count + 1,
      { ...options, value: integerSerde },
    );
  }

  reduce(reducer: (aggregate: V, value: V, key: K) => V, options: Named & Partial<TableOptions<V>> = {}): Table<Windowed<K>, V> {
    const value = requireSerde(
      options.value ?? (this.#node.value as TableOptions<V>['value'] | undefined),
      options.name ?? 'reduce',
      'value',
    );
    return this.#aggregate<V | null>(
      'reduce',
      () => null,
      (next, key, held) => (held === null ? next : reducer(held, next, key)),
      {
        ...options,
        value,
      },
    ) as Table<Windowed<K>, V>;
  }

  /** The aggregator returns a new value, or null to forget the window; it never changes the old one. */
  aggregate<A>(initializer: Initializer<A>, aggregator: Aggregator<K, V, A>, options: TableOptions<A>): Table<Windowed<K>, A> {
    return this.#aggregate('aggregate', initializer, aggregator, options);
  }

  #aggregate<A>(
    label: string,
    initializer: Initializer<A>,
    aggregator: Aggregator<K, V, A>,
    options: TableOptions<A>,
  ): Table<Windowed<K>, A> {
    const windows = this.#windows;
    const { graph } = this.#node;
    const name = graph.name(`windowed-${label}`, options.name);
    const generated = options.name === undefined;
    const node = spreadByKey(this.#node, this.#options.name ?? name, {
      generated: generated && this.#options.name === undefined,
      partitions: this.#options.partitions,
    });
    const key = requireSerde(node.key, name, 'key');
    const spec: StoreSpec<unknown, unknown> = eraseStore({
      kind: 'window',
      name,
      generated,
      key,
      value: options.value,
      log: options.logged === false ? { kind: 'none' } : { kind: 'changelog' },
      // Sliding windows are read by time, which a cache would have to write out for.
      cached: windows.kind === 'time' && (options.cached ?? true),
      retentionMs: windows.kind === 'time' ? windows.sizeMs + windows.graceMs : 2 * windows.differenceMs + windows.graceMs + 1,
    });
    graph.addStore(spec);
    const create: AnyOperatorFactory =
      windows.kind === 'time'
        ? windowedAggregateOperator({ store: name, windows, initializer, aggregator })
        : slidingAggregateOperator({ store: name, windows, initializer, aggregator });
    graph.operators.push({ kind: 'process', name, label: `windowed-${label}`, parents: [node.operator], stores: [name], create });
    // A sliding window takes records at its end too, so it closes just after.
    const afterMs = windows.graceMs + (windows.kind === 'time' ? 0 : 1);
    return new Table({
      node: { ...node, operator: name, key: eraseSerde(windowedSerde(key)), value: eraseSerde(options.value) },
      getter: windowGetter(name),
      stores: [name],
      closesMs: (windowed) => (windowed as Windowed<unknown>).window.endMs + afterMs,
    });
  }
}
