import type { BrokerEpoch, BrokerId, Clock, Logger } from '@moldau/kernel';
import { MoldauError } from '@moldau/kernel';
import { coordinatorService, type IsrResult, type IsrProposal as ProposalMessage } from '@moldau/protocol';
import type { IsrProposal, ProposalOutcome } from '@moldau/replication';
import type { Deadline, DeadlineWheel } from '../limits/deadline-wheel.ts';
import type { ClusterState } from '../metadata/cluster-state.ts';
import type { Leadership } from '../partition/leadership.ts';
import type { Partition } from '../partition/partition.ts';
import type { ControllerClient } from '../session/controller-client.ts';
import type { ReplicationMetrics } from './replication-metrics.ts';

/** How often led partitions with something to change are looked at: how late a replica may join or leave the ISR. */
const TICK_MS = 100;
/** Partitions looked at in one tick: well below 5 ms; 10,000 are seen in a second. */
const PARTITIONS_PER_TICK = 1_000;
/** Proposals in one call. */
const PROPOSALS_MAX = 1_000;
/** How long the controller may take; then what it did is unknown, and asked again. */
const CALL_TIMEOUT_MS = 2_000;

/** Errors that say that nothing was written and nothing will be. */
const NOT_ASKED = new Set(['COORDINATOR_NOT_AVAILABLE', 'NOT_CONTROLLER', 'FENCED_BROKER', 'INVALID_REQUEST']);

export interface IsrChangesDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly wheel: DeadlineWheel;
  readonly cluster: ClusterState;
  readonly controller: Pick<ControllerClient, 'call'>;
  readonly metrics: ReplicationMetrics;
  readonly brokerId: BrokerId;
  readonly brokerEpoch: () => BrokerEpoch | undefined;
  /** `replica.lag.time.max.ms`. */
  readonly maxLagMs: () => number;
}

interface Proposed {
  readonly partition: Partition;
  readonly leadership: Leadership;
  readonly proposal: IsrProposal;
}

/**
 * Proposes to the controller the ISR changes of all partitions that this broker leads: many in one call, one call at a time.
 * What the controller took comes back with the metadata; its answer only settles the proposal. A partition whose replicas are
 * even is not looked at again before one of them lacks something: idle partitions cost nothing.
 */
export class IsrChanges {
  readonly #deps: IsrChangesDeps;
  readonly #led = new Set<Partition>();
  /** Those of them in which something may have to change. */
  readonly #uneven = new Set<Partition>();
  #cursor: Iterator<Partition> | undefined;
  #tick: Deadline | undefined;
  #asking = false;
  #closed = false;

  constructor(deps: IsrChangesDeps) {
    this.#deps = deps;
  }

  /** Partitions led here with more than one replica, or on their way to flush=sync. */
  get led(): ReadonlySet<Partition> {
    return this.#led;
  }

  /** The broker leads the partition from now on, or does no more. */
  leading(partition: Partition, leads: boolean): void {
    if (leads) {
      this.#led.add(partition);
      this.uneven(partition);
    } else {
      this.#led.delete(partition);
      this.#uneven.delete(partition);
    }
  }

  /** A replica of a partition led here may lack something, or its record has changed. */
  uneven(partition: Partition): void {
    if (this.#uneven.has(partition) || !this.#led.has(partition)) return;
    this.#uneven.add(partition);
    this.#arm();
  }

  /** For how long something led here has waited for this broker's own flush and for nobody else's; 0: nothing does. */
  heldBackMs(nowMs: number): number {
    let [longestMs, left] = [0, PARTITIONS_PER_TICK];
    for (const { leadership } of this.#uneven) {
      if (leadership !== undefined) longestMs = Math.max(longestMs, leadership.replicas.heldBackMs(nowMs));
      left -= 1;
      if (left === 0) break;
    }
    return longestMs;
  }

  close(): void {
    this.#closed = true;
    this.#tick?.cancel();
    this.#led.clear();
    this.#uneven.clear();
  }

  #arm(): void {
    if (this.#tick !== undefined || this.#asking || this.#closed || this.#uneven.size === 0) return;
    this.#tick = this.#deps.wheel.after(TICK_MS, () => {
      this.#tick = undefined;
      this.#propose();
      this.#arm();
    });
  }

  #propose(): void {
    const brokerEpoch = this.#deps.brokerEpoch();
    if (brokerEpoch === undefined) return;
    const proposed = this.#collect();
    if (proposed.length === 0) return;
    this.#asking = true;
    void this.#ask(proposed, brokerEpoch).finally(() => {
      this.#asking = false;
      this.#arm();
    });
  }

  #collect(): Proposed[] {
    const nowMs = this.#deps.clock.monotonicMs();
    const options = {
      maxLagMs: this.#deps.maxLagMs(),
      lives: (brokerId: BrokerId) => this.#life(brokerId),
      slow: (brokerId: BrokerId) => this.#deps.cluster.current.brokers.get(brokerId)?.slowDisk === true,
      stopping: (brokerId: BrokerId) => this.#deps.cluster.current.brokers.get(brokerId)?.shuttingDown === true,
    };
    const proposed: Proposed[] = [];
    for (let left = Math.min(PARTITIONS_PER_TICK, this.#uneven.size); left > 0 && proposed.length < PROPOSALS_MAX; left -= 1) {
      const partition = this.#next();
      const leadership = partition?.leadership;
      if (partition === undefined || leadership === undefined) continue;
      const proposal = leadership.replicas.propose(nowMs, options);
      if (proposal !== undefined) proposed.push({ partition, leadership, proposal });
      else if (leadership.replicas.isEven) this.#uneven.delete(partition);
    }
    return proposed;
  }

  /** Each in turn; those that come meanwhile are seen in the same round or the next. */
  #next(): Partition | undefined {
    this.#cursor ??= this.#uneven.values();
    let next = this.#cursor.next();
    if (next.done === true) {
      this.#cursor = this.#uneven.values();
      next = this.#cursor.next();
    }
    return next.done === true ? undefined : next.value;
  }

  /** The life of a broker that may be a member. One that is about to stop still may: acknowledged records are to be there until it has gone. */
  #life(brokerId: BrokerId): BrokerEpoch | undefined {
    const broker = this.#deps.cluster.current.brokers.get(brokerId);
    return broker?.fenced === false ? broker.brokerEpoch : undefined;
  }

  async #ask(proposed: readonly Proposed[], brokerEpoch: BrokerEpoch): Promise<void> {
    const { brokerId, controller, clock, logger } = this.#deps;
    const proposals = proposed.map(({ partition, proposal }) => messageOf(partition, proposal));
    try {
      const deadlineMs = clock.monotonicMs() + CALL_TIMEOUT_MS;
      const { results } = await controller.call(coordinatorService.alterPartitions, { brokerId, brokerEpoch, proposals }, deadlineMs);
      for (const [at, each] of proposed.entries()) this.#settle(each, results[at]);
      const taken = results.filter(({ error }) => error === undefined).length;
      if (taken > 0) logger.info('ISRs change', { partitions: taken });
    } catch (caught) {
      const error = MoldauError.from(caught);
      logger.debug('ISR changes could not be proposed', { proposals: proposals.length, reason: error.reason, error: error.message });
      const outcome = NOT_ASKED.has(error.reason) ? 'refused' : 'unknown';
      for (const each of proposed) this.#end(each, outcome);
    }
  }

  #settle(proposed: Proposed, result: IsrResult | undefined): void {
    const { partition, proposal } = proposed;
    if (result === undefined) {
      this.#end(proposed, 'unknown');
      return;
    }
    const said = { topicId: partition.topicId, partition: partition.index, isr: proposal.isr.map((member) => member.brokerId) };
    if (result.error === undefined) {
      this.#count(proposed);
      this.#deps.logger.debug('the ISR of a partition changes', said);
      this.#end(proposed, 'taken');
    } else {
      this.#deps.logger.debug('a change of an ISR was refused', { ...said, reason: result.error.reason, error: result.error.message });
      this.#end(proposed, 'refused');
    }
  }

  #count({ leadership, proposal }: Proposed): void {
    const { isr } = leadership.replicas.terms;
    const { metrics } = this.#deps;
    if (proposal.isr.some(({ brokerId }) => !isr.includes(brokerId))) metrics.isrExpands.add(1);
    if (isr.some((id) => !proposal.isr.some(({ brokerId }) => brokerId === id))) metrics.isrShrinks.add(1);
  }

  #end({ partition, leadership, proposal }: Proposed, outcome: ProposalOutcome): void {
    const moved = leadership.replicas.settled(proposal, outcome, this.#deps.clock.monotonicMs());
    // A leadership that has ended answers nobody.
    if (moved && partition.leadership === leadership) leadership.confirm();
  }
}

function messageOf(
  { topicId, index: partition }: Partition,
  { leaderEpoch, partitionEpoch, isr, allFlushed }: IsrProposal,
): ProposalMessage {
  return { topicId, partition, leaderEpoch, partitionEpoch, isr: [...isr], allFlushed };
}
