import { requireSerde } from '../graph/graph-builder.ts';
import type { AnyOperatorFactory, TopicRef } from '../graph/operator.ts';
import { ASYNC_CONCURRENCY, ASYNC_TIMEOUT_MS, type AsyncMapper, asyncMapOperator } from '../operators/async-map.ts';
import { type ProcessorFactory, processorOperator } from '../operators/processor.ts';
import type { Mapper } from '../operators/stateless.ts';
import * as stateless from '../operators/stateless.ts';
import type { RecordContext } from '../record/record-context.ts';
import type { StateStore } from '../stores/store.ts';
import type { StoreHandle } from '../stores/store-spec.ts';
import type { GlobalTable } from './global-table.ts';
import { GroupedStream } from './grouped-stream.ts';
import type { KeyFormat, Named, RepartitionOptions, SinkOptions, TableOptions, ValueFormat } from './options.ts';
import { joinStreams, joinWithGlobal, joinWithTable, type StreamJoinOptions } from './stream-joins.ts';
import { addOperator, eraseSerde, repartitionNode, type StreamNode } from './stream-node.ts';
import { type Table, tableOfStream } from './table.ts';

/** Settings of an operator that waits for promises. */
export interface AsyncOptions<V> extends Named, ValueFormat<V> {
  /** Calls under way per task, 1 … 10,000; default 16. */
  readonly concurrency?: number;
  /** Longest time of one call in ms; default 30,000. */
  readonly timeoutMs?: number;
}

/** A branch of a stream: what it takes, under its name. */
export type Branches<K, V, Name extends string> = Readonly<Record<Name, Mapper<K, V, boolean>>>;

/**
 * Records that follow each other. Functions get the value first, then the key, then where the record came from; what they
 * throw goes to the application's handler. Keys are null where records have none; joins and groups skip those.
 */
export class RecordStream<K, V> {
  /** @internal */
  readonly node: StreamNode;

  /** @internal */
  constructor(node: StreamNode) {
    this.node = node;
  }

  /** New keys and values. */
  map<K2, V2>(
    fn: Mapper<K, V, readonly [key: K2, value: V2]>,
    options: Named & KeyFormat<K2> & ValueFormat<V2> = {},
  ): RecordStream<K2, V2> {
    return this.#then('map', stateless.mapOperator(fn), options, { key: options.key, value: options.value, rekeyed: true });
  }

  mapValues<V2>(fn: Mapper<K, V, V2>, options: Named & ValueFormat<V2> = {}): RecordStream<K, V2> {
    return this.#then('map-values', stateless.mapValuesOperator(fn), options, { value: options.value });
  }

  selectKey<K2>(fn: Mapper<K, V, K2>, options: Named & KeyFormat<K2> = {}): RecordStream<K2, V> {
    return this.#then('select-key', stateless.selectKeyOperator(fn), options, { key: options.key, rekeyed: true });
  }

  filter<V2 extends V>(fn: (value: V, key: K, record: RecordContext) => value is V2, options?: Named): RecordStream<K, V2>;
  filter(fn: Mapper<K, V, boolean>, options?: Named): RecordStream<K, V>;
  filter(fn: Mapper<K, V, boolean>, options: Named = {}): RecordStream<K, V> {
    return this.#then('filter', stateless.filterOperator(fn), options, {});
  }

  flatMap<K2, V2>(
    fn: Mapper<K, V, Iterable<readonly [key: K2, value: V2]>>,
    options: Named & KeyFormat<K2> & ValueFormat<V2> = {},
  ): RecordStream<K2, V2> {
    return this.#then('flat-map', stateless.flatMapOperator(fn), options, { key: options.key, value: options.value, rekeyed: true });
  }

  flatMapValues<V2>(fn: Mapper<K, V, Iterable<V2>>, options: Named & ValueFormat<V2> = {}): RecordStream<K, V2> {
    return this.#then('flat-map-values', stateless.flatMapValuesOperator(fn), options, { value: options.value });
  }

  /** Looks at each record and changes nothing. */
  peek(fn: Mapper<K, V, void>, options: Named = {}): RecordStream<K, V> {
    return this.#then('peek', stateless.peekOperator(fn), options, {});
  }

  /** Each record goes to the first branch that takes it, in the order of the names; records that none takes are dropped. */
  split<Name extends string>(branches: Branches<K, V, Name>, options: Named = {}): Readonly<Record<Name, RecordStream<K, V>>> {
    const { graph } = this.node;
    const name = graph.name('split', options.name);
    const parts = (Object.keys(branches) as Name[]).map((branch) => ({
      branch,
      name: graph.name('branch', `${name}-${branch}`),
      takes: branches[branch],
    }));
    graph.operators.push({
      kind: 'process',
      name,
      label: 'split',
      parents: [this.node.operator],
      stores: [],
      create: stateless.branchOperator<K, V>(parts),
    });
    const streams = parts.map(({ branch, name: operator }) => {
      graph.operators.push({
        kind: 'process',
        name: operator,
        label: 'branch',
        parents: [name],
        stores: [],
        create: stateless.passOperator(),
      });
      return [branch, new RecordStream<K, V>({ ...this.node, operator })] as const;
    });
    return Object.fromEntries(streams) as Readonly<Record<Name, RecordStream<K, V>>>;
  }

  /** The records of both, in no order between them. */
  merge<V2>(other: RecordStream<K, V2>, options: Named = {}): RecordStream<K, V | V2> {
    const { graph, key, value, topics, rekeyed } = this.node;
    const operator = addOperator(graph, {
      label: 'merge',
      name: options.name,
      parents: [this.node, other.node],
      create: stateless.passOperator(),
    });
    return new RecordStream({
      ...this.node,
      operator,
      key: key === other.node.key ? key : undefined,
      value: value === other.node.value ? value : undefined,
      topics: [...new Set([...topics, ...other.node.topics])],
      rekeyed: rekeyed || other.node.rekeyed,
    });
  }

  /** Through a topic of the application's own, by which records are spread by their keys anew. */
  repartition(options: RepartitionOptions<NonNullable<K>, NonNullable<V>> = {}): RecordStream<K, V> {
    const { graph } = this.node;
    const name = graph.name('repartition', options.name);
    const node = { ...this.node, key: eraseSerde(options.key) ?? this.node.key, value: eraseSerde(options.value) ?? this.node.value };
    return new RecordStream(repartitionNode(node, { name, generated: options.name === undefined, partitions: options.partitions }));
  }

  /** Writes to a topic and reads on from there. */
  through(topic: string, options: SinkOptions<K, V> = {}): RecordStream<K, V> {
    const { graph } = this.node;
    const ref: TopicRef = { name: topic, internal: false };
    const { key, value } = this.#sink(ref, options);
    const source = graph.name('source', undefined);
    graph.operators.push({ kind: 'source', name: source, topics: [ref], key, value, timestamp: undefined, nullValues: 'keep' });
    return new RecordStream({ ...this.node, operator: source, key, value, topics: [topic], rekeyed: false });
  }

  /** Writes to a topic, or to one that is chosen per record. */
  to(topic: string | Mapper<K, V, string>, options: SinkOptions<K, V> = {}): void {
    const choose =
      typeof topic === 'function'
        ? (value: unknown, key: unknown, record: RecordContext) => topic(value as V, key as K, record)
        : undefined;
    this.#sink(choose ?? { name: topic as string, internal: false }, options);
  }

  groupByKey(options: RepartitionOptions<NonNullable<K>, NonNullable<V>> = {}): GroupedStream<NonNullable<K>, NonNullable<V>> {
    const node = { ...this.node, key: eraseSerde(options.key) ?? this.node.key, value: eraseSerde(options.value) ?? this.node.value };
    return new GroupedStream(node, options);
  }

  /** Groups by what the function says. Records for which that is null are skipped. */
  groupBy<K2>(
    fn: Mapper<K, V, K2>,
    options: RepartitionOptions<NonNullable<K2>, NonNullable<V>> = {},
  ): GroupedStream<NonNullable<K2>, NonNullable<V>> {
    const { key, value, ...rest } = options;
    const rekeyed = this.selectKey(fn, key === undefined ? {} : { key: key });
    return rekeyed.groupByKey({ ...rest, ...(value === undefined ? {} : { value }) });
  }

  /** The last value of each key. */
  toTable(options: TableOptions<NonNullable<V>> & KeyFormat<NonNullable<K>>): Table<NonNullable<K>, NonNullable<V>> {
    return tableOfStream(this.node, options);
  }

  /** With what the table holds for the key at that moment; records without a row are dropped. */
  join<VT, R>(
    table: Table<NonNullable<K>, VT>,
    joiner: (value: NonNullable<V>, row: VT, key: NonNullable<K>) => R,
    options: Named & ValueFormat<R> = {},
  ): RecordStream<NonNullable<K>, R> {
    return new RecordStream(joinWithTable(this.node, table.source, { kind: 'inner', joiner: joiner as never, ...options }));
  }

  leftJoin<VT, R>(
    table: Table<NonNullable<K>, VT>,
    joiner: (value: NonNullable<V>, row: VT | null, key: NonNullable<K>) => R,
    options: Named & ValueFormat<R> = {},
  ): RecordStream<NonNullable<K>, R> {
    return new RecordStream(joinWithTable(this.node, table.source, { kind: 'left', joiner: joiner as never, ...options }));
  }

  /** With the row of a global table under a key that is made of the record. */
  joinGlobal<KG, VG, R>(
    table: GlobalTable<KG, VG>,
    keyOf: (value: V, key: K) => KG | null,
    joiner: (value: V, row: VG, key: K) => R,
    options: Named & ValueFormat<R> = {},
  ): RecordStream<K, R> {
    return new RecordStream(
      joinWithGlobal(this.node, table.name, { kind: 'inner', keyOf: keyOf as never, joiner: joiner as never, ...options }),
    );
  }

  leftJoinGlobal<KG, VG, R>(
    table: GlobalTable<KG, VG>,
    keyOf: (value: V, key: K) => KG | null,
    joiner: (value: V, row: VG | null, key: K) => R,
    options: Named & ValueFormat<R> = {},
  ): RecordStream<K, R> {
    return new RecordStream(
      joinWithGlobal(this.node, table.name, { kind: 'left', keyOf: keyOf as never, joiner: joiner as never, ...options }),
    );
  }

  /** Pairs of records of two streams with one key whose times are close. */
  joinStream<VO, R>(
    other: RecordStream<K, VO>,
    joiner: (value: NonNullable<V>, other: NonNullable<VO>, key: NonNullable<K>) => R,
    options: StreamJoinOptions<V, VO, R>,
  ): RecordStream<NonNullable<K>, R> {
    return new RecordStream(joinStreams(this.node, other.node, { ...options, kind: 'inner', joiner: joiner as never }));
  }

  /** And records of this stream that have no partner, when none can come any more. */
  leftJoinStream<VO, R>(
    other: RecordStream<K, VO>,
    joiner: (value: NonNullable<V>, other: NonNullable<VO> | null, key: NonNullable<K>) => R,
    options: StreamJoinOptions<V, VO, R>,
  ): RecordStream<NonNullable<K>, R> {
    return new RecordStream(joinStreams(this.node, other.node, { ...options, kind: 'left', joiner: joiner as never }));
  }

  /** And those of either stream. */
  outerJoinStream<VO, R>(
    other: RecordStream<K, VO>,
    joiner: (value: NonNullable<V> | null, other: NonNullable<VO> | null, key: NonNullable<K>) => R,
    options: StreamJoinOptions<V, VO, R>,
  ): RecordStream<NonNullable<K>, R> {
    return new RecordStream(joinStreams(this.node, other.node, { ...options, kind: 'outer', joiner: joiner as never }));
  }

  /** Calls something that takes time for several records at once; results keep the order of the records. No commit passes one that is unfinished. */
  mapValuesAsync<V2>(fn: AsyncMapper<K, V, V2>, options: AsyncOptions<V2> = {}): RecordStream<K, V2> {
    const { concurrency = ASYNC_CONCURRENCY, timeoutMs = ASYNC_TIMEOUT_MS } = options;
    return this.#then('map-values-async', asyncMapOperator(fn, { concurrency, timeoutMs }), options, { value: options.value });
  }

  /** An operator of the program's own, with state and punctuators. */
  process<K2, V2>(
    factory: ProcessorFactory<K, V, K2, V2>,
    options: Named & KeyFormat<K2> & ValueFormat<V2> & { readonly stores?: readonly StoreHandle<StateStore>[] } = {},
  ): RecordStream<K2, V2> {
    const { graph } = this.node;
    const stores = (options.stores ?? []).map(({ spec }) => spec);
    const operator = addOperator(graph, {
      label: 'process',
      name: options.name,
      parents: [this.node],
      stores,
      create: processorOperator(factory),
    });
    return new RecordStream({ ...this.node, operator, key: eraseSerde(options.key), value: eraseSerde(options.value), rekeyed: true });
  }

  #then<K2, V2>(
    label: string,
    create: AnyOperatorFactory,
    options: Named,
    made: {
      readonly key?: KeyFormat<K2>['key'] | undefined;
      readonly value?: ValueFormat<V2>['value'] | undefined;
      readonly rekeyed?: boolean;
    },
  ): RecordStream<K2, V2> {
    const operator = addOperator(this.node.graph, { label, name: options.name, parents: [this.node], create });
    return new RecordStream({
      ...this.node,
      operator,
      key: 'key' in made ? eraseSerde(made.key) : this.node.key,
      value: 'value' in made ? eraseSerde(made.value) : this.node.value,
      rekeyed: this.node.rekeyed || made.rekeyed === true,
    });
  }

  #sink(
    topic: TopicRef | ((value: unknown, key: unknown, record: RecordContext) => string),
    options: SinkOptions<K, V>,
  ): { readonly key: NonNullable<StreamNode['key']>; readonly value: NonNullable<StreamNode['value']> } {
    const { graph, operator } = this.node;
    const name = graph.name('sink', options.name);
    const key = requireSerde(eraseSerde(options.key) ?? this.node.key, name, 'key');
    const value = requireSerde(eraseSerde(options.value) ?? this.node.value, name, 'value');
    graph.operators.push({ kind: 'sink', name, parents: [operator], topic, key, value, partitioner: options.partitioner as never });
    return { key, value };
  }
}
