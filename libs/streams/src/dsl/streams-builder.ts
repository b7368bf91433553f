import { GraphBuilder } from '../graph/graph-builder.ts';
import { invalidTopology } from '../graph/invalid-topology.ts';
import { type BuildOptions, Topology } from '../graph/topology.ts';
import { GlobalTable } from './global-table.ts';
import type { Named, SourceOptions } from './options.ts';
import { RecordStream } from './record-stream.ts';
import { eraseSerde, type StreamNode } from './stream-node.ts';
import { Table, tableOfStream } from './table.ts';

export interface TableSourceOptions<K, V> extends SourceOptions<K, V> {
  /** Gather changes per key until the commit; default true. */
  readonly cached?: boolean;
}

/**
 * Where an application begins: what it reads. What is done with it is said on the streams and tables that come out.
 *
 * @example
 * const builder = createStreamsBuilder();
 * builder.stream('flights', { key: serdes.string, value: serdes.json<Flight>() })
 *   .groupByKey().count().toStream().to('flights-per-origin');
 * const topology = builder.build();
 */
export class StreamsBuilder {
  readonly #graph = new GraphBuilder();

  /** Records of topics. Those without a value are skipped and counted. */
  stream<K, V>(topic: string | readonly string[], options: SourceOptions<K, V>): RecordStream<K | null, V> {
    return new RecordStream(this.#source(topic, options, 'skip'));
  }

  /** The last value of each key of a topic; a record without a value removes its key. The topic is the table's changelog. */
  table<K, V>(topic: string, options: TableSourceOptions<K, V>): Table<K, V> {
    const { name, ...format } = options;
    const source = this.#source(topic, name === undefined ? format : { ...format, name: `${name}-source` }, 'keep');
    const { key, value, cached = true } = options;
    const table = { key, value, cached, ...(name === undefined ? {} : { name }) };
    return tableOfStream(source, table, { kind: 'topic', topic });
  }

  /** A topic of which every instance holds all. */
  globalTable<K, V>(topic: string, options: Omit<SourceOptions<K, V>, 'timestamp'>): GlobalTable<K, V> {
    const name = this.#graph.name('global-table', options.name);
    this.#graph.globals.push({ name, topic, key: eraseSerde(options.key), value: eraseSerde(options.value) });
    return new GlobalTable(name);
  }

  /** Checks everything. @throws MoldauError INVALID_TOPOLOGY, UNCONNECTED_STORE */
  build(options: BuildOptions = {}): Topology {
    return new Topology(this.#graph, options);
  }

  #source<K, V>(topic: string | readonly string[], options: SourceOptions<K, V> & Named, nullValues: 'skip' | 'keep'): StreamNode {
    const graph = this.#graph;
    const topics = typeof topic === 'string' ? [topic] : topic;
    if (topics.length === 0) throw invalidTopology('a stream reads one topic at least', {});
    const name = graph.name('source', options.name);
    const [key, value] = [eraseSerde(options.key), eraseSerde(options.value)];
    const refs = topics.map((each) => ({ name: each, internal: false }));
    const timestamp = options.timestamp as ((value: unknown, key: unknown, record: unknown) => number) | undefined;
    graph.operators.push({ kind: 'source', name, topics: refs, key, value, timestamp, nullValues });
    return {
      graph,
      operator: name,
      key,
      value,
      topics,
      rekeyed: false,
      streamOf: (node) => new RecordStream(node),
      tableOf: (from) => new Table(from),
    };
  }
}

export function createStreamsBuilder(): StreamsBuilder {
  return new StreamsBuilder();
}
