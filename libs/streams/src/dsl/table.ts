import type { Serde } from '@moldau/client/serdes';
import { requireSerde } from '../graph/graph-builder.ts';
import { invalidTopology } from '../graph/invalid-topology.ts';
import type { AnyOperatorFactory } from '../graph/operator.ts';
import { changesOperator, passOperator } from '../operators/stateless.ts';
import { SUPPRESSED_MAX, suppressOperator } from '../operators/suppress.ts';
import { type JoinKind, joinedGetter, joinRow, tableJoinOperator } from '../operators/table-join.ts';
import {
  type GetterFactory,
  mappedGetter,
  type RowMapper,
  regroupOperator,
  storeGetter,
  tableMapOperator,
  tableSourceOperator,
} from '../operators/table-operators.ts';
import { changeSerde } from '../serdes/change-serde.ts';
import { eraseStore, type StoreLog, type StoreSpec } from '../stores/store-spec.ts';
import { GroupedTable } from './grouped-table.ts';
import type { KeyFormat, Named, RepartitionOptions, TableOptions, ValueFormat } from './options.ts';
import type { RecordStream } from './record-stream.ts';
import { spreadByKey } from './stream-joins.ts';
import { addOperator, eraseSerde, type StreamNode } from './stream-node.ts';
import type { TableSource } from './table-source.ts';

/** What is held back, and what when too much is. */
export interface SuppressOptions<V> extends Named, ValueFormat<V> {
  /** Results that may wait, at once, per task; default 1,000,000. */
  readonly recordsMax?: number;
}

export interface TimeLimitOptions<V> extends SuppressOptions<V> {
  /** From the change that began to wait, by event time. */
  readonly limitMs: number;
  /** Default `emit-early`. */
  readonly whenFull?: 'emit-early' | 'fail';
}

/** The last value of each key, and how it changes. */
export class Table<K, V> {
  /** @internal */
  readonly source: TableSource;
  /** Never there at run time: carry the types. */
  declare readonly key: K;
  declare readonly value: V;

  /** @internal */
  constructor(source: TableSource) {
    this.source = source;
  }

  filter(fn: (value: V, key: K) => boolean, options: Named = {}): Table<K, V> {
    return this.#mapped('filter-table', (value, key) => (fn(value, key) ? value : null), options, this.source.node.value);
  }

  /** Null removes the row. */
  mapValues<V2>(fn: RowMapper<K, V, V2>, options: Named & ValueFormat<V2> = {}): Table<K, V2> {
    return this.#mapped('map-table', fn, options, eraseSerde(options.value));
  }

  /** Its changes: what each key holds now, null when it holds nothing any more. */
  toStream(options: Named = {}): RecordStream<K, V | null> {
    const { node } = this.source;
    const operator = addOperator(node.graph, { label: 'to-stream', name: options.name, parents: [node], create: changesOperator() });
    return node.streamOf({ ...node, operator });
  }

  join<VO, R>(other: Table<K, VO>, joiner: (left: V, right: VO) => R, options: Named & ValueFormat<R> = {}): Table<K, R> {
    return new Table(joinTables(this.source, other.source, { ...options, kind: 'inner', joiner: joiner as never }));
  }

  leftJoin<VO, R>(other: Table<K, VO>, joiner: (left: V, right: VO | null) => R, options: Named & ValueFormat<R> = {}): Table<K, R> {
    return new Table(joinTables(this.source, other.source, { ...options, kind: 'left', joiner: joiner as never }));
  }

  outerJoin<VO, R>(
    other: Table<K, VO>,
    joiner: (left: V | null, right: VO | null) => R,
    options: Named & ValueFormat<R> = {},
  ): Table<K, R> {
    return new Table(joinTables(this.source, other.source, { ...options, kind: 'outer', joiner: joiner as never }));
  }

  /** Groups rows anew; a row that changes leaves its old group. Always through a topic of the application's own. */
  groupBy<K2, V2>(
    fn: (value: V, key: K) => readonly [key: K2, value: V2],
    options: RepartitionOptions<K2, V2> & { readonly key: Serde<K2>; readonly value: Serde<V2> },
  ): GroupedTable<K2, V2> {
    const { node } = this.source;
    const operator = addOperator(node.graph, { label: 'regroup', parents: [node], create: regroupOperator(fn) });
    const value = eraseSerde(changeSerde(options.value));
    return new GroupedTable({ ...node, operator, key: eraseSerde(options.key), value, rekeyed: true }, options);
  }

  /** Only the last result of each window, when it is closed. Fails when too many wait. @throws MoldauError INVALID_TOPOLOGY for tables without windows */
  untilWindowCloses(options: SuppressOptions<V> = {}): Table<K, V> {
    const { closesMs } = this.source;
    if (closesMs === undefined)
      throw invalidTopology('only tables of windows can wait until their windows close', { operator: this.source.node.operator });
    return this.#suppressed(options, { whenFull: 'fail', final: true, dueMs: (key) => closesMs(key) });
  }

  /** At most one change per key within a time. */
  untilTimeLimit({ limitMs, whenFull = 'emit-early', ...options }: TimeLimitOptions<V>): Table<K, V> {
    return this.#suppressed(options, { whenFull, final: false, dueMs: (_key, timestampMs) => timestampMs + limitMs });
  }

  #mapped<V2>(label: string, fn: RowMapper<K, V, V2>, options: Named, value: StreamNode['value']): Table<K, V2> {
    const { node, getter } = this.source;
    const operator = addOperator(node.graph, { label, name: options.name, parents: [node], create: tableMapOperator(fn) });
    const mapped = mappedGetter(getter as GetterFactory<K, V>, fn) as GetterFactory<unknown, unknown>;
    return new Table({ ...this.source, node: { ...node, operator, value }, getter: mapped });
  }

  #suppressed(
    options: SuppressOptions<V>,
    rules: { readonly whenFull: 'emit-early' | 'fail'; readonly final: boolean; dueMs(key: unknown, timestampMs: number): number },
  ): Table<K, V> {
    const { node, stores } = this.source;
    const { graph } = node;
    const name = graph.name('suppress', options.name);
    const key = requireSerde(node.key, name, 'key');
    const value = requireSerde(eraseSerde(options.value) ?? node.value, name, 'value');
    // What gathers changes until the commit would let windows close without them.
    for (const store of stores) graph.withoutCache(store);
    const log: StoreLog = { kind: 'changelog' };
    const generated = options.name === undefined;
    const spec = eraseStore({
      kind: 'key-value',
      name,
      generated,
      key,
      value: changeSerde(value),
      log,
      cached: false,
      retentionMs: Number.POSITIVE_INFINITY,
    });
    graph.addStore(spec);
    const create = suppressOperator<unknown, unknown>({ store: name, key, recordsMax: options.recordsMax ?? SUPPRESSED_MAX, ...rules });
    graph.operators.push({ kind: 'process', name, label: 'suppress', parents: [node.operator], stores: [name], create });
    return new Table({ ...this.source, node: { ...node, operator: name, value } });
  }
}

function joinTables(
  left: TableSource,
  right: TableSource,
  options: Named & ValueFormat<unknown> & { readonly kind: JoinKind; readonly joiner: (left: unknown, right: unknown) => unknown },
): TableSource {
  const { graph } = left.node;
  const name = graph.name('join-tables', options.name);
  const row = joinRow<unknown, unknown, unknown>(options.kind, options.joiner);
  const side = (suffix: string, from: TableSource, other: TableSource, create: AnyOperatorFactory): string =>
    addOperator(graph, { label: `join-${suffix}`, name: `${name}-${suffix}`, parents: [from.node], storeNames: other.stores, create });
  const operators = [
    side('this', left, right, tableJoinOperator(right.getter, row)),
    side(
      'other',
      right,
      left,
      tableJoinOperator(left.getter, (theirs: unknown, ours: unknown) => row(ours, theirs)),
    ),
  ];
  graph.operators.push({ kind: 'process', name, label: 'join-tables', parents: operators, stores: [], create: passOperator() });
  // Each side looks up what the other one holds now: a change that still waits in a cache would be met early and announced again.
  for (const store of [...left.stores, ...right.stores]) graph.withoutCache(store);
  const topics = [...new Set([...left.node.topics, ...right.node.topics])];
  graph.coPartitions.push({ operator: name, topics });
  return {
    node: { ...left.node, operator: name, key: left.node.key ?? right.node.key, value: eraseSerde(options.value), topics, rekeyed: false },
    getter: joinedGetter(left.getter, right.getter, row),
    stores: [...new Set([...left.stores, ...right.stores])],
    closesMs: left.closesMs,
  };
}

/** A table over a stream. @internal */
export function tableOfStream<K, V>(
  stream: StreamNode,
  options: TableOptions<V> & KeyFormat<K>,
  log: StoreLog = { kind: 'changelog' },
): Table<K, V> {
  const { graph } = stream;
  const name = graph.name('table', options.name);
  const key = requireSerde(eraseSerde(options.key) ?? stream.key, name, 'key');
  const value = eraseSerde(options.value);
  const generated = options.name === undefined;
  const spread = spreadByKey({ ...stream, key, value }, name, { generated });
  const spec: StoreSpec<unknown, unknown> = {
    kind: 'key-value',
    name,
    generated: generated && log.kind === 'changelog',
    key,
    value,
    log: options.logged === false ? { kind: 'none' } : log,
    cached: options.cached ?? true,
    retentionMs: Number.POSITIVE_INFINITY,
  };
  graph.addStore(spec);
  graph.operators.push({
    kind: 'process',
    name,
    label: 'table',
    parents: [spread.operator],
    stores: [name],
    create: tableSourceOperator(name),
  });
  return new Table({ node: { ...spread, operator: name, value }, getter: storeGetter(name), stores: [name], closesMs: undefined });
}
