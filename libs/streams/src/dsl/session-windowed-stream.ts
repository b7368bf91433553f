import { requireSerde } from '../graph/graph-builder.ts';
import type { Aggregator, Initializer } from '../operators/aggregate.ts';
import { type SessionMerger, sessionAggregateOperator } from '../operators/session-aggregate.ts';
import type { SessionWindows } from '../operators/windows.ts';
import type { Windowed } from '../record/windowed.ts';
import { integerSerde } from '../serdes/integer-serde.ts';
import { windowedSerde } from '../serdes/windowed-serde.ts';
import { eraseStore } from '../stores/store-spec.ts';
import type { CountOptions } from './grouped-stream.ts';
import type { RepartitionOptions, TableOptions } from './options.ts';
import { spreadByKey } from './stream-joins.ts';
import { eraseSerde, type StreamNode } from './stream-node.ts';
import { Table } from './table.ts';
import { sessionGetter } from './windowed-getter.ts';

/** Records that are gathered by their keys into sessions. */
export class SessionWindowedStream<K, V> {
  readonly #node: StreamNode;
  readonly #options: RepartitionOptions<K, V>;
  readonly #windows: SessionWindows;

  /** @internal */
  constructor(node: StreamNode, options: RepartitionOptions<K, V>, windows: SessionWindows) {
    this.#node = node;
    this.#options = options;
    this.#windows = windows;
  }

  count(options: CountOptions = {}): Table<Windowed<K>, number> {
    return this.#aggregate(
      'count',
      { ...options, value: integerSerde },
      () => 0,
      (_value, _key, count) => count + 1,
      (_key, left, right) => left + right,
    );
  }

  /** `merger` makes one value of those of two sessions that turned out to be one. */
  aggregate<A>(
    initializer: Initializer<A>,
    aggregator: Aggregator<K, V, A>,
    merger: SessionMerger<K, A>,
    options: TableOptions<A>,
  ): Table<Windowed<K>, A> {
    return this.#aggregate('aggregate', options, initializer, aggregator, merger);
  }

  #aggregate<A>(
    label: string,
    options: TableOptions<A>,
    initializer: Initializer<A>,
    aggregator: Aggregator<K, V, A>,
    merger: SessionMerger<K, A>,
  ): Table<Windowed<K>, A> {
    const { gapMs, graceMs } = this.#windows;
    const { graph } = this.#node;
    const name = graph.name(`session-${label}`, options.name);
    const generated = options.name === undefined;
    const node = spreadByKey(this.#node, this.#options.name ?? name, {
      generated: generated && this.#options.name === undefined,
      partitions: this.#options.partitions,
    });
    const key = requireSerde(node.key, name, 'key');
    graph.addStore(
      eraseStore({
        kind: 'session',
        name,
        generated,
        key,
        value: options.value,
        log: options.logged === false ? { kind: 'none' } : { kind: 'changelog' },
        cached: false,
        retentionMs: gapMs + graceMs + 1,
      }),
    );
    const create = sessionAggregateOperator({ store: name, windows: this.#windows, initializer, aggregator, merger });
    graph.operators.push({ kind: 'process', name, label: `session-${label}`, parents: [node.operator], stores: [name], create });
    return new Table({
      node: { ...node, operator: name, key: eraseSerde(windowedSerde(key)), value: eraseSerde(options.value) },
      getter: sessionGetter(name),
      stores: [name],
      // A record exactly a gap later still extends it.
      closesMs: (windowed) => (windowed as Windowed<unknown>).window.endMs + gapMs + graceMs + 1,
    });
  }
}
