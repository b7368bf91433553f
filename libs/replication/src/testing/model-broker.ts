import { type BrokerEpoch, type BrokerId, type LeaderEpoch, type Offset } from '@moldau/kernel';
import type { FollowerAction } from '../follower/follower-action.ts';
import type { FollowerNews } from '../follower/follower-news.ts';
import { FollowerReplica } from '../follower/follower-replica.ts';
import type { IsrProposal, ProposalOutcome } from '../leader/isr-proposals.ts';
import type { FollowerEnds } from '../leader/replica-progress.ts';
import { ReplicaSet } from '../leader/replica-set.ts';
import type { Revision } from './model-controller.ts';
import { ModelLog, recordsOf } from './model-log.ts';
import type { ModelStream } from './model-stream.ts';
import type { Mutation } from './mutation.ts';

/** What a broker tells the rest of the model. */
export interface BrokerEvents {
  /** A log's high watermark moved, on a leader or on a follower. */
  watermark(broker: ModelBroker, before: Offset): void;
  /** A leadership begins. */
  leads(broker: ModelBroker): void;
  wrong(what: string): void;
}

export interface Leading {
  readonly set: ReplicaSet;
  readonly epoch: LeaderEpoch;
}

/** Half of a partition epoch: newer than the record it belongs to, and older than every record to come. */
const HALF = 0.5;

/** One broker with its replica, driven by the state machines under test. */
export class ModelBroker {
  readonly id: BrokerId;
  readonly #events: BrokerEvents;
  readonly #mutation: Mutation | undefined;
  log = new ModelLog();
  life: BrokerEpoch;
  isUp = true;
  /** The revision of the metadata it has. */
  revision = -1;
  metadata: Revision | undefined;
  follower = new FollowerReplica();
  leading: Leading | undefined;
  /** The newest stream to whom it follows. */
  stream: ModelStream | undefined;
  /** Work on the log that takes a while. */
  #work: (FollowerAction & { readonly kind: 'truncateTo' | 'beginAnew' }) | undefined;

  constructor(id: BrokerId, life: BrokerEpoch, events: BrokerEvents, mutation: Mutation | undefined) {
    this.id = id;
    this.life = life;
    this.#events = events;
    this.#mutation = mutation;
  }

  get isWorking(): boolean {
    return this.#work !== undefined;
  }

  /** Stops without notice; `kept` is what is left of the log. */
  crash(kept: number, checkpoint: boolean): void {
    if (checkpoint) this.log.checkpoint = this.log.highWatermark;
    this.isUp = false;
    this.log.reopen(kept);
    this.follower = new FollowerReplica();
    this.leading = undefined;
    this.#work = undefined;
    this.metadata = undefined;
    this.stream = undefined;
  }

  apply(revision: number, metadata: Revision, nowMs: number): void {
    this.revision = revision;
    this.metadata = metadata;
    const { partition } = metadata;
    const mine = partition.leader === this.id;
    if (mine && (partition.leaderBrokerEpoch === this.life || this.#mutation === 'leadsInOldLife')) {
      this.#lead(metadata, nowMs);
      return;
    }
    this.leading = undefined;
    const { leader } = partition;
    const assignment = leader === undefined || mine ? undefined : { leaderId: leader, leaderEpoch: partition.leaderEpoch };
    const before = this.follower.assignment?.leaderEpoch;
    if (assignment !== undefined && assignment.leaderEpoch !== before && this.#mutation === 'truncateToWatermark') {
      this.log.cut(this.log.highWatermark);
    }
    this.#perform(this.follower.assign(assignment, this.log));
  }

  #lead({ partition }: Revision, nowMs: number): void {
    const terms = {
      isr: partition.isr,
      minIsr: this.#mutation === 'noMinimum' ? 1 : partition.minIsr,
      flush: partition.flush === 'async' ? 'async' : 'sync',
    } as const;
    if (this.leading?.epoch === partition.leaderEpoch) {
      if (this.leading.set.changeTerms(terms, partition.partitionEpoch, partition.replicas, nowMs)) this.watermarkMoved();
      return;
    }
    this.#perform(this.follower.assign(undefined, this.log));
    // Whoever is to lead must have its log in order first.
    this.finishWork();
    this.leading = {
      epoch: partition.leaderEpoch,
      set: new ReplicaSet({
        self: this.id,
        leaderEpoch: partition.leaderEpoch,
        epochStart: this.#mutation === 'joinWithoutEpochStart' ? (0 as Offset) : this.log.endOffset,
        highWatermark: this.log.highWatermark,
        terms,
        partitionEpoch: partition.partitionEpoch,
        replicas: partition.replicas,
        nowMs,
      }),
    };
    this.#events.leads(this);
    this.progressed(nowMs);
  }

  /** The own log grew, or more of it was written or flushed. */
  progressed(nowMs: number): void {
    if (this.leading === undefined) return;
    const { writtenEnd, flushedEnd, endOffset } = this.log;
    const counted = this.#mutation === 'writtenCounts' ? writtenEnd : flushedEnd;
    if (this.leading.set.own({ writtenEnd, flushedEnd: counted, logEnd: endOffset }, nowMs)) this.watermarkMoved();
  }

  /** As leader: a follower stands there. */
  followed(id: BrokerId, life: BrokerEpoch, ends: FollowerEnds, nowMs: number): void {
    if (this.leading === undefined) return;
    const { set } = this.leading;
    const known = this.#mutation === 'joinInOldLife' ? (this.metadata?.brokers.get(id)?.brokerEpoch ?? life) : life;
    const boasts = this.#mutation === 'joinBelowWatermark' && !set.terms.isr.includes(id) && !set.terms.proposedIsr.includes(id);
    const end = this.log.endOffset;
    const told = boasts ? { receivedEnd: end, writtenEnd: end, flushedEnd: end } : ends;
    if (set.followed(id, known, told, nowMs)) this.watermarkMoved();
  }

  propose(nowMs: number, maxLagMs: number): IsrProposal | undefined {
    if (this.leading === undefined || this.metadata === undefined) return undefined;
    const { set } = this.leading;
    const { brokers, partition } = this.metadata;
    const lives = (id: BrokerId): BrokerEpoch | undefined => {
      const broker = brokers.get(id);
      return broker === undefined || broker.fenced ? undefined : broker.brokerEpoch;
    };
    const stopping = (id: BrokerId): boolean => brokers.get(id)?.shuttingDown === true;
    const proposal = set.propose(nowMs, { maxLagMs, lives, stopping });
    if (proposal === undefined) return undefined;
    if (this.#mutation === 'noMaximalIsr' && set.settled(proposal, 'refused', nowMs)) this.watermarkMoved();
    if (this.#mutation === 'shrinkAtOnce') {
      const isr = proposal.isr.map(({ brokerId }) => brokerId);
      const half = (proposal.partitionEpoch + HALF) as typeof proposal.partitionEpoch;
      if (set.changeTerms({ ...set.terms, isr }, half, partition.replicas, nowMs)) this.watermarkMoved();
    }
    return proposal;
  }

  settled(set: ReplicaSet, proposal: IsrProposal, outcome: ProposalOutcome, nowMs: number): void {
    const believed = this.#mutation === 'unknownIsRefused' && outcome === 'unknown' ? 'refused' : outcome;
    if (set.settled(proposal, believed, nowMs) && this.leading?.set === set) this.watermarkMoved();
  }

  watermarkMoved(): void {
    if (this.leading === undefined) return;
    const before = this.log.highWatermark;
    const { highWatermark } = this.leading.set;
    if (highWatermark < before) this.#events.wrong(`broker ${this.id}: its watermark went back from ${before} to ${highWatermark}`);
    this.log.highWatermark = highWatermark;
    this.#events.watermark(this, before);
  }

  /** As follower: the stream to the leader stands. */
  connected(stream: ModelStream): void {
    this.stream = stream;
    this.#perform(this.follower.connected(this.log));
  }

  news(news: FollowerNews, nowMs: number): void {
    const epoch = this.follower.assignment?.leaderEpoch;
    const taken = this.#mutation === 'noEpochCheck' && epoch !== undefined ? { ...news, leaderEpoch: epoch } : news;
    const before = this.log.highWatermark;
    this.#perform(this.follower.news(taken, this.log, nowMs));
    if (this.#mutation === 'watermarkBeyondEnd' && this.follower.acknowledges && news.highWatermark > this.log.highWatermark) {
      this.log.highWatermark = news.highWatermark;
    }
    if (this.log.highWatermark > before) this.#events.watermark(this, before);
  }

  retry(nowMs: number): void {
    this.#perform(this.follower.retry(nowMs, this.log));
  }

  /** The log has been cut, or begun anew. */
  finishWork(): void {
    const work = this.#work;
    if (work === undefined) return;
    this.#work = undefined;
    if (work.kind === 'truncateTo') this.log.cut(work.offset);
    else this.log.beginAnew(work.offset);
    const actions = work.kind === 'truncateTo' ? this.follower.truncated(this.log) : this.follower.begunAnew(this.log);
    const unasked = this.#mutation === 'oneDivergence' && work.kind === 'truncateTo';
    this.#perform(unasked ? actions.map((action) => ({ ...action, lastFetchedEpoch: NOT_ASKED })) : actions);
  }

  /** As follower: tells how far it is. */
  acknowledge(): void {
    const epoch = this.follower.assignment?.leaderEpoch;
    if (!this.follower.acknowledges || epoch === undefined) return;
    this.stream?.requests.push({ leaderEpoch: epoch, ends: this.ends(), lastFetchedEpoch: undefined });
  }

  ends(): FollowerEnds {
    const { endOffset, writtenEnd, flushedEnd } = this.log;
    if (this.#mutation === 'acknowledgesReceived') return { receivedEnd: endOffset, writtenEnd: endOffset, flushedEnd: endOffset };
    return { receivedEnd: endOffset, writtenEnd, flushedEnd };
  }

  #perform(actions: readonly FollowerAction[]): void {
    for (const action of actions) this.#act(action);
  }

  #act(action: FollowerAction): void {
    switch (action.kind) {
      case 'sendPosition':
        if (this.stream?.leaderId === action.leaderId) {
          const { leaderEpoch: epoch, lastFetchedEpoch } = action;
          this.stream.requests.push({ leaderEpoch: epoch, ends: this.ends(), lastFetchedEpoch });
        }
        return;
      case 'truncateTo':
      case 'beginAnew':
        this.#work = action;
        return;
      case 'append':
        this.log.append(recordsOf(action.bytes));
        return;
      case 'advanceHighWatermark':
        this.log.highWatermark = action.offset;
        return;
      case 'moveStart':
        this.log.startOffset = action.offset;
        return;
      case 'alarm':
        this.#events.wrong(`broker ${this.id}: alarm ${JSON.stringify(action.alarm)}`);
    }
  }
}

/** An epoch that every leader takes for agreement: only the mutation that does not ask sends it. */
export const NOT_ASKED = -2;
