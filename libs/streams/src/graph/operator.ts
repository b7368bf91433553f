import type { Deserializer, Serde } from '@moldau/client/serdes';
import type { RecordContext } from '../record/record-context.ts';
import type { StateStore } from '../stores/store.ts';
import type { TaskServices } from '../task/task-services.ts';

/**
 * How records go from operator to operator: a plain call, nothing allocated and nothing awaited. `old` is what a table held
 * before; null on streams.
 */
export type Emit<K, V> = (key: K, value: V, old: V | null, timestampMs: number) => void;

/** What an operator is made with, once per task. */
export interface OperatorSetup<K, V> {
  readonly name: string;
  /** To all operators that follow. */
  readonly forward: Emit<K, V>;
  /** To one of them. */
  child(name: string): Emit<K, V>;
  /** @throws MoldauError UNCONNECTED_STORE for a store that the operator did not name */
  store<Store extends StateStore>(name: string): Store;
  readonly task: TaskServices;
}

export type OperatorFactory<K, V, K2, V2> = (setup: OperatorSetup<K2, V2>) => Emit<K, V>;
/** Any of them: the graph keeps operators of all types in one list. */
export type AnyOperatorFactory = OperatorFactory<never, never, unknown, unknown>;

/** A topic as the topology names it; internal ones get the application's prefix. */
export interface TopicRef {
  readonly name: string;
  readonly internal: boolean;
}

/** Event time of a record, ms since the Unix epoch, from what it says. */
export type TimestampExtractor<K, V> = (value: V, key: K | null, record: RecordContext) => number;

export interface SourceOperator {
  readonly kind: 'source';
  readonly name: string;
  readonly topics: readonly TopicRef[];
  readonly key: Deserializer<unknown>;
  readonly value: Deserializer<unknown>;
  readonly timestamp: TimestampExtractor<unknown, unknown> | undefined;
  /** Streams skip and count records without a value; tables take them as removals. */
  readonly nullValues: 'skip' | 'keep';
}

export interface ProcessOperator {
  readonly kind: 'process';
  readonly name: string;
  /** What it does, for descriptions: `map`, `count`, `join`. */
  readonly label: string;
  readonly parents: readonly string[];
  readonly stores: readonly string[];
  readonly create: AnyOperatorFactory;
}

/** Chooses a topic for each record. */
export type TopicChooser = (value: unknown, key: unknown, record: RecordContext) => string;
/** Chooses a partition, 0 … partitionCount−1. */
export type SinkPartitioner = (value: unknown, key: unknown, partitionCount: number) => number;

export interface SinkOperator {
  readonly kind: 'sink';
  readonly name: string;
  readonly parents: readonly string[];
  readonly topic: TopicRef | TopicChooser;
  readonly key: Serde<unknown>;
  readonly value: Serde<unknown>;
  readonly partitioner: SinkPartitioner | undefined;
}

export type Operator = SourceOperator | ProcessOperator | SinkOperator;

/** A table of which every instance holds a whole copy. */
export interface GlobalSource {
  readonly name: string;
  readonly topic: string;
  readonly key: Serde<unknown>;
  readonly value: Serde<unknown>;
}
