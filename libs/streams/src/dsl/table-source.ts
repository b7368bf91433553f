import type { GetterFactory } from '../operators/table-operators.ts';
import type { StreamNode } from './stream-node.ts';

/** A table in the graph: who sends its changes, and how its rows are looked up. */
export interface TableSource {
  readonly node: StreamNode;
  readonly getter: GetterFactory<unknown, unknown>;
  /** Stores that the getter reads. */
  readonly stores: readonly string[];
  /** Of windowed tables: event time from which a result of this key can't change any more. */
  readonly closesMs: ((key: unknown) => number) | undefined;
}
