import { present } from '@moldau/kernel';
import { requireSerde } from '../graph/graph-builder.ts';
import { type Aggregator, aggregateOperator, type Initializer } from '../operators/aggregate.ts';
import { passOperator } from '../operators/stateless.ts';
import { storeGetter } from '../operators/table-operators.ts';
import { eraseStore } from '../stores/store-spec.ts';
import type { GroupedStream } from './grouped-stream.ts';
import type { TableOptions } from './options.ts';
import { spreadByKey } from './stream-joins.ts';
import { eraseSerde, type StreamNode } from './stream-node.ts';
import { Table } from './table.ts';

interface Part {
  readonly node: StreamNode;
  readonly topicName: string | undefined;
  readonly partitions: number | undefined;
  readonly aggregator: Aggregator<unknown, unknown, unknown>;
}

/** Grouped streams of one type of key that are folded into one table. */
export class CogroupedStream<K, A> {
  readonly #parts: readonly Part[];

  /** @internal */
  constructor(parts: readonly Part[]) {
    this.#parts = parts;
  }

  cogroup<V>(grouped: GroupedStream<K, V>, aggregator: Aggregator<K, V, A>): CogroupedStream<K, A> {
    const { name, partitions } = grouped.options;
    return new CogroupedStream([...this.#parts, { node: grouped.node, topicName: name, partitions, aggregator: aggregator as never }]);
  }

  aggregate(initializer: Initializer<A>, options: TableOptions<A>): Table<K, A> {
    const { graph } = present(this.#parts[0], 'a cogroup begins with a stream').node;
    const name = graph.name('cogroup', options.name);
    const generated = options.name === undefined;
    const nodes = this.#parts.map(({ node, topicName, partitions }, index) =>
      spreadByKey(node, topicName ?? `${name}-${index + 1}`, { generated: generated && topicName === undefined, partitions }),
    );
    const first = present(nodes[0], 'one per part');
    const key = requireSerde(first.key, name, 'key');
    const log = options.logged === false ? ({ kind: 'none' } as const) : ({ kind: 'changelog' } as const);
    const cached = options.cached ?? true;
    graph.addStore(
      eraseStore({ kind: 'key-value', name, generated, key, value: options.value, log, cached, retentionMs: Number.POSITIVE_INFINITY }),
    );
    const operators = this.#parts.map(({ aggregator }, index) => {
      const operator = graph.name('cogroup-part', `${name}-part-${index + 1}`);
      const create = aggregateOperator<unknown, unknown, unknown>({ store: name, initializer, aggregator });
      const parent = present(nodes[index], 'one per part').operator;
      graph.operators.push({ kind: 'process', name: operator, label: 'cogroup-part', parents: [parent], stores: [name], create });
      return operator;
    });
    graph.operators.push({ kind: 'process', name, label: 'cogroup', parents: operators, stores: [name], create: passOperator() });
    const topics = [...new Set(nodes.flatMap((node) => node.topics))];
    graph.coPartitions.push({ operator: name, topics });
    const node = { ...first, operator: name, value: eraseSerde(options.value), topics };
    return new Table({ node, getter: storeGetter(name), stores: [name], closesMs: undefined });
  }
}
