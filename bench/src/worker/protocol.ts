/** What the orchestrator asks of a worker, a client in a process of its own: one task at a time, one answer each. */
export type Task =
  | { readonly kind: 'connect'; readonly bootstrap: string }
  | {
      readonly kind: 'produce';
      readonly topic: string;
      readonly records: number;
      readonly size: number;
      readonly acks: 'all' | 'leader' | 'none';
      /** Records go to the partitions by turns, so that all are dirty at once; else the default partitioner's way. */
      readonly byTurns: number | undefined;
    }
  | { readonly kind: 'consume'; readonly topic: string; readonly records: number }
  | { readonly kind: 'latency'; readonly topic: string; readonly records: number; readonly size: number; readonly perSecond: number };

export interface ThroughputResult {
  readonly recordsPerSecond: number;
  readonly megabytesPerSecond: number;
  readonly seconds: number;
  /** CPU seconds of the worker. */
  readonly cpuSeconds: number;
}

export interface LatencyResult {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

export type TaskResult<Kind extends Task['kind']> = Kind extends 'latency'
  ? LatencyResult
  : Kind extends 'connect'
    ? null
    : ThroughputResult;

export type Answer = { readonly result: unknown } | { readonly failure: string };
