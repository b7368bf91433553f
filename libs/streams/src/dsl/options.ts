import type { Serde } from '@moldau/client/serdes';
import type { TimestampExtractor } from '../graph/operator.ts';

export interface Named {
  /** Name of the operator, of its store and its topics; unique in the topology. Default: what it does and a number. */
  readonly name?: string;
}

/** How records of a topic are read. */
export interface SourceOptions<K, V> extends Named {
  readonly key: Serde<K>;
  readonly value: Serde<V>;
  /** Event time of a record; default its own timestamp. */
  readonly timestamp?: TimestampExtractor<NoInfer<K>, NoInfer<V>>;
}

/** Formats of what an operator makes, where they are not those of its input. */
export interface KeyFormat<K> {
  readonly key?: Serde<K>;
}

export interface ValueFormat<V> {
  readonly value?: Serde<V>;
}

export interface RepartitionOptions<K, V> extends Named, KeyFormat<K>, ValueFormat<V> {
  /** Default: as many as the topics that it is joined with, or that its records come from. */
  readonly partitions?: number;
}

/** How a table that an operator makes is kept. */
export interface TableOptions<A> extends Named {
  readonly value: Serde<A>;
  /** Gather changes per key until the commit; default true. Without it every change goes on. */
  readonly cached?: boolean;
  /** Default true. */
  readonly logged?: boolean;
}

export interface SinkOptions<K, V> extends Named {
  readonly key?: Serde<NonNullable<K>>;
  readonly value?: Serde<NonNullable<V>>;
  /** Chooses a partition, 0 … partitionCount−1; default by the key's hash. */
  readonly partitioner?: (value: V, key: K, partitionCount: number) => number;
}
