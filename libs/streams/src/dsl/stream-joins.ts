import type { Serde } from '@moldau/client/serdes';
import { requireSerde } from '../graph/graph-builder.ts';
import { invalidTopology } from '../graph/invalid-topology.ts';
import { passOperator } from '../operators/stateless.ts';
import { type JoinSide, streamJoinOperator } from '../operators/stream-join.ts';
import { streamGlobalJoinOperator, streamTableJoinOperator } from '../operators/stream-table-join.ts';
import { joinItemsSerde } from '../serdes/join-items-serde.ts';
import { eraseStore, type StoreSpec } from '../stores/store-spec.ts';
import type { Named, ValueFormat } from './options.ts';
import { addOperator, eraseSerde, repartitionNode, type StreamNode } from './stream-node.ts';
import type { TableSource } from './table-source.ts';

/** Which records of two streams belong together, in ms of event time. */
export interface StreamJoinOptions<V, VO, R> extends Named, ValueFormat<R> {
  /** How much later or earlier a partner may be. */
  readonly withinMs: number;
  /** How much earlier, where it differs. */
  readonly beforeMs?: number;
  /** How much later, where it differs. */
  readonly afterMs?: number;
  /** How late a record may come, by event time, after its partners can't any more; default 0. */
  readonly graceMs?: number;
  readonly leftValue?: Serde<NonNullable<V>>;
  readonly rightValue?: Serde<NonNullable<VO>>;
}

type AnyJoiner = (left: unknown, right: unknown, key: unknown) => unknown;

/** By its key, before it is joined or grouped. */
export function spreadByKey(
  node: StreamNode,
  name: string,
  options: { readonly generated: boolean; readonly partitions?: number | undefined },
): StreamNode {
  if (node.rekeyed) return repartitionNode(node, { name, ...options });
  if (node.topics.length > 1) node.graph.coPartitions.push({ operator: name, topics: node.topics });
  return node;
}

export function joinWithTable(
  stream: StreamNode,
  table: TableSource,
  options: Named & ValueFormat<unknown> & { readonly kind: 'inner' | 'left'; readonly joiner: AnyJoiner },
): StreamNode {
  const { graph } = stream;
  const name = graph.name('join-table', options.name);
  const spread = spreadByKey(stream, `${name}-stream`, { generated: options.name === undefined });
  const create = streamTableJoinOperator<unknown, unknown, unknown, unknown>({
    getter: table.getter,
    kind: options.kind,
    joiner: options.joiner,
  });
  graph.operators.push({ kind: 'process', name, label: 'join-table', parents: [spread.operator], stores: table.stores, create });
  graph.coPartitions.push({ operator: name, topics: [...spread.topics, ...table.node.topics] });
  return { ...spread, operator: name, value: eraseSerde(options.value) };
}

export function joinWithGlobal(
  stream: StreamNode,
  table: string,
  options: Named &
    ValueFormat<unknown> & {
      readonly kind: 'inner' | 'left';
      readonly keyOf: (value: unknown, key: unknown) => unknown;
      readonly joiner: AnyJoiner;
    },
): StreamNode {
  const create = streamGlobalJoinOperator<unknown, unknown, unknown, unknown, unknown>({ table, ...options });
  const operator = addOperator(stream.graph, { label: 'join-global', name: options.name, parents: [stream], create });
  return { ...stream, operator, value: eraseSerde(options.value) };
}

export function joinStreams(
  left: StreamNode,
  right: StreamNode,
  options: StreamJoinOptions<unknown, unknown, unknown> & { readonly kind: 'inner' | 'left' | 'outer'; readonly joiner: AnyJoiner },
): StreamNode {
  const { graph } = left;
  const generated = options.name === undefined;
  const name = graph.name('join-stream', options.name);
  const { beforeMs = options.withinMs, afterMs = options.withinMs, graceMs = 0, kind, joiner } = options;
  checkSpan(name, { beforeMs, afterMs, graceMs });
  const sides = [
    spreadByKey({ ...left, value: eraseSerde(options.leftValue) ?? left.value }, `${name}-left`, { generated }),
    spreadByKey({ ...right, value: eraseSerde(options.rightValue) ?? right.value }, `${name}-right`, { generated }),
  ] as const;
  const retentionMs = beforeMs + afterMs + graceMs + 1;
  const stores = [
    itemStore(sides[0], `${name}-left`, { retentionMs, generated }),
    itemStore(sides[1], `${name}-right`, { retentionMs, generated }),
  ] as const;
  const leftSide: JoinSide = {
    own: stores[0].name,
    other: stores[1].name,
    beforeMs,
    afterMs,
    graceMs,
    keepsUnmatched: kind !== 'inner',
    otherKeepsUnmatched: kind === 'outer',
  };
  const rightSide: JoinSide = {
    own: stores[1].name,
    other: stores[0].name,
    beforeMs: afterMs,
    afterMs: beforeMs,
    graceMs,
    keepsUnmatched: kind === 'outer',
    otherKeepsUnmatched: kind !== 'inner',
  };
  const operators = [
    addOperator(graph, {
      label: 'join-left',
      name: `${name}-this`,
      parents: [sides[0]],
      stores,
      create: streamJoinOperator(leftSide, joiner),
    }),
    addOperator(graph, {
      label: 'join-right',
      name: `${name}-other`,
      parents: [sides[1]],
      stores,
      create: streamJoinOperator(rightSide, (ours: unknown, theirs: unknown, key: unknown) => joiner(theirs, ours, key)),
    }),
  ];
  graph.operators.push({ kind: 'process', name, label: 'join-stream', parents: operators, stores: [], create: passOperator() });
  const topics = [...new Set([...sides[0].topics, ...sides[1].topics])];
  graph.coPartitions.push({ operator: name, topics });
  return { ...left, operator: name, key: sides[0].key, value: eraseSerde(options.value), topics, rekeyed: false };
}

function itemStore(
  node: StreamNode,
  name: string,
  so: { readonly retentionMs: number; readonly generated: boolean },
): StoreSpec<unknown, unknown> {
  const key = requireSerde(node.key, name, 'key');
  const value = joinItemsSerde(requireSerde(node.value, name, 'value'));
  return eraseStore({ kind: 'window', name, key, value, log: { kind: 'changelog' }, cached: false, ...so });
}

function checkSpan(operator: string, span: { readonly beforeMs: number; readonly afterMs: number; readonly graceMs: number }): void {
  for (const [setting, value] of Object.entries(span)) {
    if (Number.isSafeInteger(value) && value >= 0) continue;
    throw invalidTopology(`${setting} of ${operator} is ${value}; it takes whole milliseconds from 0`, {
      operator,
      setting,
      value: String(value),
      limit: '0',
    });
  }
}
