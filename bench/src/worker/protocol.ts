import type { CopyLoad, LatencyFigures, Throughput, TransactionFigures, TransactionLoad } from '@moldau/load';
import type { CommitFigures } from '../groups/group-stubs.ts';
import type { Arrival, ReadTask } from '../groups/reading-members.ts';
import type { StubLook, StubTask } from '../groups/stub-tasks.ts';

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
      /** Default: as fast as it goes. */
      readonly perSecond?: number;
    }
  /** The first records of a topic, or its newest. */
  | { readonly kind: 'consume'; readonly topic: string; readonly records: number; readonly newest?: boolean }
  | ({ readonly kind: 'transactions' } & TransactionLoad)
  | ({ readonly kind: 'copy' } & CopyLoad)
  | StubTask
  | ReadTask
  | { readonly kind: 'latency'; readonly topic: string; readonly records: number; readonly size: number; readonly perSecond: number };

type Results = {
  readonly [Kind in Task['kind']]: unknown;
} & {
  readonly connect: null;
  readonly produce: Throughput;
  readonly consume: Throughput;
  readonly transactions: TransactionFigures;
  readonly copy: Throughput;
  readonly latency: LatencyFigures;
  readonly 'stub-join': null;
  readonly 'stub-look': StubLook;
  readonly 'stub-leave': null;
  readonly 'stub-commit': CommitFigures;
  readonly 'group-commit': CommitFigures;
  readonly 'group-await': number;
  readonly 'read-join': null;
  readonly 'read-leave': null;
  readonly 'read-report': readonly Arrival[];
};

export type TaskResult<Kind extends Task['kind']> = Results[Kind];

export type Answer = { readonly result: unknown } | { readonly failure: string };
