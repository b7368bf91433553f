import { MoldauError } from '@moldau/kernel';
import { type EndStagedOffsets, TransactionOutcome } from '@moldau/protocol';
import type { RoutedMarker } from '@moldau/transactions';
import type { MarkerGroups } from './marker-ports.ts';
import { type MarkerVerdict, type SentTask, verdictOf } from './marker-task.ts';

/** Calls to one shard of groups at a time: many share one append there. */
const CALLS_PER_SHARD_MAX = 64;
/** A shard that is taken over answers within 3 s. */
const CALL_TIMEOUT_MS = 5_000;

type GroupMarker = RoutedMarker<string, SentTask>;

interface Lane {
  readonly queue: GroupMarker[];
  calls: number;
}

export interface GroupLanesDeps {
  readonly groups: MarkerGroups;
  readonly judged: (task: SentTask, groups: readonly string[], verdict: MarkerVerdict, error: MoldauError | undefined) => void;
}

/** Ends of transactions on their way to the groups whose offsets they staged; bounded as `BrokerLanes` is. */
export class GroupLanes {
  readonly #deps: GroupLanesDeps;
  readonly #lanes = new Map<number, Lane>();

  constructor(deps: GroupLanesDeps) {
    this.#deps = deps;
  }

  send(shard: number, markers: readonly GroupMarker[]): void {
    const lane = this.#lanes.get(shard) ?? { queue: [], calls: 0 };
    this.#lanes.set(shard, lane);
    lane.queue.push(...markers);
    this.#pump(shard, lane);
  }

  #pump(shard: number, lane: Lane): void {
    while (lane.calls < CALLS_PER_SHARD_MAX) {
      const marker = lane.queue.shift();
      if (marker === undefined) break;
      if (marker.task.machine.isClosed) continue;
      lane.calls += 1;
      void this.#call(shard, marker).then(() => {
        lane.calls -= 1;
        this.#pump(shard, lane);
      });
    }
    if (lane.calls === 0) this.#lanes.delete(shard);
  }

  async #call(shard: number, { task, targets }: GroupMarker): Promise<void> {
    const error = await this.#deps.groups.endStagedOffsets(shard, task.name.namespace, endOf(task), CALL_TIMEOUT_MS).then(
      () => undefined,
      (caught: unknown) => MoldauError.from(caught),
    );
    this.#deps.judged(task, targets, verdictOf(error), error);
  }
}

/** Groups know a transaction by the epoch that it was written with: the one before that of its markers. */
function endOf({ producerId, producerEpoch, outcome, machine }: SentTask): EndStagedOffsets {
  return {
    producerId,
    producerEpoch: producerEpoch - 1,
    shardEpoch: machine.shardEpoch,
    outcome: outcome === 'commit' ? TransactionOutcome.COMMIT : TransactionOutcome.ABORT,
  };
}
