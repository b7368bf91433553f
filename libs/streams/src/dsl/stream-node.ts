import type { Serde } from '@moldau/client/serdes';
import { type GraphBuilder, requireSerde } from '../graph/graph-builder.ts';
import type { AnyOperatorFactory } from '../graph/operator.ts';
import type { StoreSpec } from '../stores/store-spec.ts';
import type { RecordStream } from './record-stream.ts';
import type { Table } from './table.ts';
import type { TableSource } from './table-source.ts';

/** Where the builders stand in the graph: an operator, and what is known of its results. */
export interface StreamNode {
  readonly graph: GraphBuilder;
  readonly operator: string;
  readonly key: Serde<unknown> | undefined;
  readonly value: Serde<unknown> | undefined;
  /** Topics by whose partitions the records are spread. */
  readonly topics: readonly string[];
  /** Keys were changed since: equal keys may be in different tasks. */
  readonly rekeyed: boolean;
  /** Streams lead to tables and tables to streams; here the circle of their modules is open. */
  readonly streamOf: StreamFactory;
  readonly tableOf: TableFactory;
}

export type StreamFactory = <K, V>(node: StreamNode) => RecordStream<K, V>;
export type TableFactory = <K, V>(source: TableSource) => Table<K, V>;

/** A serde of any type: the graph keeps those of all types together. */
export function eraseSerde<V>(serde: Serde<V>): Serde<unknown>;
export function eraseSerde<V>(serde: Serde<V> | undefined): Serde<unknown> | undefined;
export function eraseSerde<V>(serde: Serde<V> | undefined): Serde<unknown> | undefined {
  return serde;
}

export interface AddedOperator {
  readonly label: string;
  readonly name?: string | undefined;
  readonly parents: readonly StreamNode[];
  readonly stores?: readonly StoreSpec<unknown, unknown>[];
  /** Of stores that were declared by other operators. */
  readonly storeNames?: readonly string[];
  readonly create: AnyOperatorFactory;
}

/** Adds an operator and returns its name. */
export function addOperator(graph: GraphBuilder, added: AddedOperator): string {
  const { label, parents, stores = [], storeNames = [], create } = added;
  const name = graph.name(label, added.name);
  for (const store of stores) graph.addStore(store);
  graph.operators.push({
    kind: 'process',
    name,
    label,
    parents: parents.map(({ operator }) => operator),
    stores: [...new Set([...stores.map((store) => store.name), ...storeNames])],
    create,
  });
  return name;
}

/** Sends a stream through a topic of its own, so that equal keys meet. */
export function repartitionNode(
  node: StreamNode,
  options: { readonly name: string; readonly generated: boolean; readonly partitions?: number | undefined },
): StreamNode {
  const { graph, operator } = node;
  const topic = `${options.name}-repartition`;
  const key = requireSerde(node.key, options.name, 'key');
  const value = requireSerde(node.value, options.name, 'value');
  const ref = { name: topic, internal: true };
  graph.repartitions.set(topic, { name: topic, partitions: options.partitions, generated: options.generated });
  graph.operators.push({
    kind: 'sink',
    name: graph.name('sink', `${topic}-sink`),
    parents: [operator],
    topic: ref,
    key,
    value,
    partitioner: undefined,
  });
  const source = graph.name('source', `${topic}-source`);
  graph.operators.push({ kind: 'source', name: source, topics: [ref], key, value, timestamp: undefined, nullValues: 'keep' });
  return { ...node, operator: source, key, value, topics: [topic], rekeyed: false };
}
