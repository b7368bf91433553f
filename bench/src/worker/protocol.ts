import type { CopyLoad, LatencyFigures, Throughput, TransactionFigures, TransactionLoad } from '@moldau/load';

/** What the orchestrator asks of a worker, a client in a process of its own: one task at a time, one answer each. */
export type Task =
  | { readonly kind: 'connect'; readonly bootstrap: string }
  | {
      readonly kind: 'produce';
      /** With several, records go to them by turns. */
      readonly topics: readonly [string, ...string[]];
      readonly records: number;
      readonly size: number;
      /** Records go to so many partitions of each topic by turns; without it as the default partitioner likes. */
      readonly byTurns?: number;
    }
  /** The first records of a topic, or its newest. */
  | { readonly kind: 'consume'; readonly topic: string; readonly records: number; readonly newest?: boolean }
  | ({ readonly kind: 'transactions' } & TransactionLoad)
  | ({ readonly kind: 'copy' } & CopyLoad)
  | { readonly kind: 'latency'; readonly topic: string; readonly records: number; readonly size: number; readonly perSecond: number };

export type TaskResult<Kind extends Task['kind']> = Kind extends 'latency'
  ? LatencyFigures
  : Kind extends 'transactions'
    ? TransactionFigures
    : Kind extends 'connect'
      ? null
      : Throughput;

export type Answer = { readonly result: unknown } | { readonly failure: string };
