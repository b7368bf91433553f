import { assert, type BrokerId, MoldauError } from '@moldau/kernel';
import { itemToError, type MarkerResult, type TransactionMarker, TransactionOutcome } from '@moldau/protocol';
import type { RoutedMarker, TopicPartition } from '@moldau/transactions';
import type { MarkerBrokers } from './marker-ports.ts';
import { type MarkerVerdict, type SentTask, verdictOf } from './marker-task.ts';

/** Limits of a request, as `WriteMarkers` states them. */
const MARKERS_PER_CALL_MAX = 1_000;
const PARTITIONS_PER_CALL_MAX = 10_000;
/**
 * Calls to one broker at a time. One is enough for a broker that answers at once, as the next carries all that came
 * meanwhile; more so that a partition whose followers are slow holds up no others.
 */
const CALLS_PER_BROKER_MAX = 8;
/** A partition that takes longer to commit a marker is told again. */
const CALL_TIMEOUT_MS = 10_000;

type BrokerMarker = RoutedMarker<TopicPartition, SentTask>;

interface Lane {
  readonly queue: BrokerMarker[];
  calls: number;
}

export interface BrokerLanesDeps {
  readonly brokers: MarkerBrokers;
  /** What became of one marker, for those of its partitions for which it was the same. */
  readonly judged: (task: SentTask, partitions: readonly TopicPartition[], verdict: MarkerVerdict, error: MoldauError | undefined) => void;
}

/**
 * Markers on their way to leaders: batched over all shards and transactions, a few calls to each broker at a time. What
 * waits is bounded by the transactions that are decided and not complete, which the shards keep anyway.
 */
export class BrokerLanes {
  readonly #deps: BrokerLanesDeps;
  readonly #lanes = new Map<BrokerId, Lane>();

  constructor(deps: BrokerLanesDeps) {
    this.#deps = deps;
  }

  send(broker: BrokerId, markers: readonly BrokerMarker[]): void {
    const lane = this.#lanes.get(broker) ?? { queue: [], calls: 0 };
    this.#lanes.set(broker, lane);
    lane.queue.push(...markers);
    this.#pump(broker, lane);
  }

  #pump(broker: BrokerId, lane: Lane): void {
    while (lane.calls < CALLS_PER_BROKER_MAX) {
      const batch = takeBatch(lane.queue);
      if (batch.length === 0) break;
      lane.calls += 1;
      void this.#call(broker, batch).then(() => {
        lane.calls -= 1;
        this.#pump(broker, lane);
      });
    }
    if (lane.calls === 0) this.#lanes.delete(broker);
  }

  async #call(broker: BrokerId, batch: readonly BrokerMarker[]): Promise<void> {
    try {
      const results = await this.#deps.brokers.writeMarkers(broker, batch.map(encodeMarker), CALL_TIMEOUT_MS);
      this.#judge(batch, results);
    } catch (caught) {
      const error = MoldauError.from(caught);
      for (const { task, targets } of batch) this.#deps.judged(task, targets, 'again', error);
    }
  }

  #judge(batch: readonly BrokerMarker[], results: readonly MarkerResult[]): void {
    let at = 0;
    for (const { task, targets } of batch) {
      const byVerdict = new Map<MarkerVerdict, { readonly partitions: TopicPartition[]; readonly error: MoldauError | undefined }>();
      for (const target of targets) {
        const result = results[at++];
        if (result === undefined) throw new MoldauError('INTERNAL', `${results.length} results for more markers`, {});
        const error = result.error === undefined ? undefined : itemToError(result.error);
        const verdict = verdictOf(error);
        const same = byVerdict.get(verdict) ?? { partitions: [], error };
        byVerdict.set(verdict, same);
        same.partitions.push(target);
      }
      for (const [verdict, { partitions, error }] of byVerdict) this.#deps.judged(task, partitions, verdict, error);
    }
  }
}

/** Takes as many as one request may have off the queue. What was lost to another owner is left out. */
function takeBatch(queue: BrokerMarker[]): BrokerMarker[] {
  const batch: BrokerMarker[] = [];
  let partitions = 0;
  let taken = 0;
  for (const marker of queue) {
    const count = marker.targets.length;
    assert(count <= PARTITIONS_PER_CALL_MAX, 'a transaction has at most as many partitions as a call', { count });
    if (batch.length === MARKERS_PER_CALL_MAX || partitions + count > PARTITIONS_PER_CALL_MAX) break;
    taken += 1;
    if (marker.task.machine.isClosed) continue;
    batch.push(marker);
    partitions += count;
  }
  queue.splice(0, taken);
  return batch;
}

/** Targets come ordered by topic, as participants are, so results come in their order. */
function encodeMarker({ task, targets }: BrokerMarker): TransactionMarker {
  const topics: { topicId: string; partitions: number[] }[] = [];
  for (const { topicId, partition } of targets) {
    const last = topics.at(-1);
    if (last?.topicId === topicId) last.partitions.push(partition);
    else topics.push({ topicId, partitions: [partition] });
  }
  return {
    producerId: task.producerId,
    producerEpoch: task.producerEpoch,
    outcome: task.outcome === 'commit' ? TransactionOutcome.COMMIT : TransactionOutcome.ABORT,
    partitions: topics,
    shard: task.machine.index,
    shardEpoch: task.machine.shardEpoch,
  };
}
