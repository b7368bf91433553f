import type { TopicImage } from '@moldau/cluster';
import { type BrokerId, type Clock, MoldauError, type Scheduler, type TopicId } from '@moldau/kernel';
import { type Acks, itemToError, type ProduceBatchResult, producerService } from '@moldau/protocol';
import { type ProduceDeps, produce } from '../handlers/produce.ts';
import type { ClusterState } from '../metadata/cluster-state.ts';
import type { PartitionLocator } from '../partition/partition-locator.ts';
import { PRODUCE_TIMEOUT_MS_DEFAULT } from '../produce/produce-terms.ts';
import type { RequestContext } from '../request/request-context.ts';
import type { BuiltBatch } from './batch-lanes.ts';
import { isLeaderLost, isLedElsewhere, LEADER_SEARCH_MS, pauseBeforeNextTry } from './led-elsewhere.ts';
import type { Peers } from './peers.ts';

export interface BatchSenderDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly cluster: ClusterState;
  readonly locator: PartitionLocator;
  readonly produce: ProduceDeps;
  readonly peers: Peers;
  readonly brokerId: BrokerId;
}

/** Where batches go, and how. */
export interface Dispatch {
  readonly topicId: TopicId;
  readonly acks: Acks;
  /** They are recognised when they come twice: also what may have been written is sent again. */
  readonly keyed: boolean;
  readonly context: RequestContext;
}

export interface SentBatch {
  readonly built: BuiltBatch;
  readonly result: ProduceBatchResult;
}

/** Appends batches where their leaders are; while leaders move, those that surely were not written again, in their order. */
export class BatchSender {
  readonly #deps: BatchSenderDeps;

  constructor(deps: BatchSenderDeps) {
    this.#deps = deps;
  }

  /** Never rejects. Everything is sent before the first await. */
  async send(batches: readonly BuiltBatch[], dispatch: Dispatch): Promise<readonly SentBatch[]> {
    const { clock, scheduler, cluster } = this.#deps;
    const startMs = clock.monotonicMs();
    const { deadlineMs = Number.POSITIVE_INFINITY } = dispatch.context;
    // The caller is to be told what was wrong, before its patience ends.
    const endMs = startMs + Math.min(LEADER_SEARCH_MS, (deadlineMs - startMs) / 2);
    const sent = new Map((await this.#round(batches, dispatch)).map((each) => [each.built, each]));
    for (;;) {
      const again = batches.filter((built) => isWorthAnotherTry(sent.get(built), dispatch.keyed));
      if (again.length === 0 || clock.monotonicMs() >= endMs) break;
      await pauseBeforeNextTry(scheduler);
      if (cluster.image.topics.get(dispatch.topicId) === undefined) break;
      const outcomes = await this.#round(again.map(copied), dispatch);
      outcomes.forEach(({ result }, at) => sent.set(again[at]!, { built: again[at]!, result }));
    }
    return [...sent.values()];
  }

  /** The outcomes in the order of the batches. */
  async #round(batches: readonly BuiltBatch[], dispatch: Dispatch): Promise<readonly SentBatch[]> {
    const topic = this.#deps.cluster.image.topics.get(dispatch.topicId);
    const groups = byLeader(batches, topic, this.#deps.brokerId);
    const outcomes = await Promise.all(groups.map(([leader, ofLeader]) => this.#toLeader(leader, ofLeader, dispatch)));
    const byBatch = new Map(outcomes.flat().map((outcome) => [outcome.built, outcome]));
    return batches.map((built) => byBatch.get(built)!);
  }

  async #toLeader(leader: BrokerId, built: readonly BuiltBatch[], { acks, context }: Dispatch): Promise<SentBatch[]> {
    const batches = built.map(({ batch }) => batch);
    const timeoutMs = this.#timeoutMs(context);
    const request = { acks, timeoutMs, batches };
    const { produce: produceDeps, peers, brokerId, locator } = this.#deps;
    try {
      const response = await (leader === brokerId
        ? produce(produceDeps, request, context)
        : peers.call(leader, producerService.produce, request, context, timeoutMs));
      return built.map((each, at) => ({ built: each, result: response.results[at]! }));
    } catch (caught) {
      const error = locator.toItem(MoldauError.from(caught), context);
      return built.map((each) => ({ built: each, result: { batchId: 0, error } }));
    }
  }

  #timeoutMs({ deadlineMs }: RequestContext): number {
    if (deadlineMs === undefined) return PRODUCE_TIMEOUT_MS_DEFAULT;
    return Math.max(1, Math.min(PRODUCE_TIMEOUT_MS_DEFAULT, Math.floor(deadlineMs - this.#deps.clock.monotonicMs())));
  }
}

function isWorthAnotherTry(sent: SentBatch | undefined, keyed: boolean): boolean {
  const item = sent?.result.error;
  if (item === undefined) return false;
  return keyed ? isLeaderLost(itemToError(item)) : isLedElsewhere(itemToError(item));
}

/** The log keeps the bytes that it has taken, and an append writes into their header. */
function copied(built: BuiltBatch): BuiltBatch {
  return { ...built, batch: { ...built.batch, recordBatch: Uint8Array.from(built.batch.recordBatch) } };
}

/** The batches by the broker that leads their partition; those without a leader go to `own`, which says so. */
function byLeader(built: readonly BuiltBatch[], topic: TopicImage | undefined, own: BrokerId): [BrokerId, BuiltBatch[]][] {
  const groups = new Map<BrokerId, BuiltBatch[]>();
  for (const batch of built) {
    const leader = topic?.partitions.get(batch.partition)?.leader ?? own;
    const group = groups.get(leader);
    if (group === undefined) groups.set(leader, [batch]);
    else group.push(batch);
  }
  return [...groups];
}
