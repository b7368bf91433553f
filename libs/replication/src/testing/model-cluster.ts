import { type BrokerId, brokerId, type Offset } from '@moldau/kernel';
import { SeededRandom } from '@moldau/testkit';
import { divergence } from '../divergence.ts';
import type { IsrProposal } from '../leader/isr-proposals.ts';
import type { ReplicaSet } from '../leader/replica-set.ts';
import { type BrokerEvents, ModelBroker, NOT_ASKED } from './model-broker.ts';
import { ModelController } from './model-controller.ts';
import { ModelOracle, Violation } from './model-oracle.ts';
import { ModelStream } from './model-stream.ts';
import type { Mutation } from './mutation.ts';

/** A proposal on its way to the controller; the leader may have given up waiting for the answer. */
export interface SentProposal {
  readonly from: ModelBroker;
  readonly life: ModelBroker['life'];
  readonly set: ReplicaSet;
  readonly proposal: IsrProposal;
  /** On its way until then. */
  readonly heldUntilMs: number;
  delivered: 'taken' | 'refused' | undefined;
}

/** What of a broker can stand still for a while: its disk, what it hears of the metadata, its streams as a follower, its clients. */
export const STALLED_PARTS = ['disk', 'metadata', 'stream', 'clients'] as const;
export type StalledPart = (typeof STALLED_PARTS)[number];

export const MAX_LAG_MS = 1000;
/** The longest that what a broken stream held takes to arrive. */
const LATE_REQUESTS_MS = 2 * MAX_LAG_MS;
/** Records in one run of batches, at most. */
const RUN_RECORDS = 4;

/** A partition's brokers, their controller and the streams between them; what happens when is up to the caller. */
export class ModelCluster {
  readonly random: SeededRandom;
  readonly mutation: Mutation | undefined;
  readonly controller: ModelController;
  readonly brokers: readonly ModelBroker[];
  readonly oracle = new ModelOracle();
  streams: ModelStream[] = [];
  proposals: SentProposal[] = [];
  nowMs = 0;
  /** For how long a member may lag; differs from seed to seed, as the next does. */
  readonly #maxLagMs: number;
  /** Share of proposals that take long. */
  readonly #slowProposals: number;
  readonly #stalledUntilMs = new Map<string, number>();
  #values = 0;

  constructor(seed: number, mutation: Mutation | undefined) {
    this.random = new SeededRandom(seed);
    this.mutation = mutation;
    this.#maxLagMs = this.random.pick([MAX_LAG_MS, 2 * MAX_LAG_MS, 6 * MAX_LAG_MS]);
    this.#slowProposals = this.random.fraction();
    const ids = Array.from({ length: this.random.between(3, 5) }, (_, index) => brokerId(index));
    this.controller = new ModelController(ids, { minIsr: 2, flush: 'sync' }, mutation);
    const events: BrokerEvents = {
      watermark: (broker, before) => this.oracle.watermark(broker, before),
      leads: (broker) => this.oracle.leads(broker),
      wrong: (what) => {
        throw new Violation(what);
      },
    };
    const { brokers } = this.controller.latest;
    this.brokers = ids.flatMap((id) => {
      const life = brokers.get(id)?.brokerEpoch;
      return life === undefined ? [] : [new ModelBroker(id, life, events, mutation)];
    });
  }

  broker(id: BrokerId): ModelBroker | undefined {
    return this.brokers.find((broker) => broker.id === id);
  }

  /** Some part of a broker stands still for a while; of any, by default. */
  stall(part: StalledPart = this.random.pick(STALLED_PARTS), { id }: ModelBroker = this.random.pick(this.brokers)): void {
    this.#stalledUntilMs.set(`${part} ${id}`, this.nowMs + this.random.between(50, 2 * MAX_LAG_MS));
  }

  isStalled(part: StalledPart, id: BrokerId): boolean {
    return this.nowMs < (this.#stalledUntilMs.get(`${part} ${id}`) ?? 0);
  }

  /** A client's records come to a leader, or to one that thinks it leads. */
  produce(broker: ModelBroker, count: number): void {
    if (broker.leading === undefined) return;
    const epoch = broker.leading.epoch;
    broker.log.append(Array.from({ length: count }, () => ({ epoch, value: ++this.#values })));
    broker.progressed(this.nowMs);
  }

  /** The broker stops; `power`: with what its machine had not flushed. */
  crash(broker: ModelBroker, power: boolean): void {
    const { writtenEnd, flushedEnd } = broker.log;
    if (broker.stream !== undefined) this.break(broker.stream);
    const kept = power ? this.random.between(flushedEnd, writtenEnd) : writtenEnd;
    broker.crash(kept, this.random.chance(0.5));
    for (const stream of this.streams) {
      if (stream.leaderId === broker.id) stream.leaderGone = true;
    }
  }

  restart(broker: ModelBroker): void {
    broker.isUp = true;
    broker.life = this.controller.register(broker.id, broker.log.endOffset === 0 && this.oracle.committedEnd > 0);
    broker.revision = -1;
  }

  /** The broker hears of a revision. */
  inform(broker: ModelBroker, revision: number): void {
    const metadata = this.controller.revisions[revision];
    if (metadata !== undefined && revision > broker.revision) broker.apply(revision, metadata, this.nowMs);
  }

  /** The follower opens a stream to its leader, in place of the one it has. */
  connect(broker: ModelBroker): void {
    const leaderId = broker.follower.assignment?.leaderId;
    const leader = leaderId === undefined ? undefined : this.broker(leaderId);
    if (leader?.isUp !== true) return;
    // FENCED_BROKER, BROKER_STARTING
    if (leader.metadata?.brokers.get(broker.id)?.brokerEpoch !== broker.life) return;
    // The leader closes an earlier stream; what it had read of it already may be served later.
    this.streams = this.streams.filter(
      (stream) => stream.followerId !== broker.id || stream.leaderId !== leader.id || this.random.chance(0.3),
    );
    const stream = new ModelStream(broker.id, broker.life, leader.id);
    this.streams.push(stream);
    broker.connected(stream);
  }

  /** The stream breaks: what was on its way to the follower is gone, what was on its way to the leader may still arrive. */
  break(stream: ModelStream): void {
    stream.followerGone = true;
    stream.heldUntilMs = this.nowMs + this.random.between(0, LATE_REQUESTS_MS);
    const follower = this.broker(stream.followerId);
    if (follower?.stream === stream) follower.stream = undefined;
  }

  /** The leader reads what a follower sent. */
  serveRequest(stream: ModelStream): void {
    const leader = this.broker(stream.leaderId);
    const asked = stream.requests.shift();
    if (leader === undefined || asked === undefined) return;
    const { leading, log } = leader;
    if (asked.lastFetchedEpoch === undefined) {
      if (leading !== undefined && stream.agreedEpoch === leading.epoch && asked.leaderEpoch === leading.epoch) {
        leader.followed(stream.followerId, stream.life, asked.ends, this.nowMs);
      }
      return;
    }
    stream.agreedEpoch = undefined;
    const news = { leaderEpoch: asked.leaderEpoch, highWatermark: log.highWatermark, logStartOffset: log.startOffset };
    if (leading?.epoch !== asked.leaderEpoch) {
      stream.responses.push({ ...news, refused: true });
      return;
    }
    const { receivedEnd } = asked.ends;
    if (this.mutation === 'divergingCounts') leader.followed(stream.followerId, stream.life, asked.ends, this.nowMs);
    const unasked = this.mutation === 'truncateToWatermark' || asked.lastFetchedEpoch === NOT_ASKED;
    const diverging = unasked ? undefined : divergence(log, asked.lastFetchedEpoch, receivedEnd);
    if (diverging !== undefined || receivedEnd < log.startOffset) {
      stream.responses.push({ ...news, diverging });
      return;
    }
    stream.agreedEpoch = leading.epoch;
    stream.next = receivedEnd;
    stream.toldWatermark = -1;
    leader.followed(stream.followerId, stream.life, asked.ends, this.nowMs);
  }

  /** The leader sends what is new. */
  sendNews(stream: ModelStream): void {
    const leader = this.broker(stream.leaderId);
    if (leader?.leading === undefined || stream.agreedEpoch !== leader.leading.epoch) return;
    const { log } = leader;
    const news = { leaderEpoch: leader.leading.epoch, highWatermark: log.highWatermark, logStartOffset: log.startOffset };
    if (stream.next < log.startOffset) {
      stream.agreedEpoch = undefined;
      stream.responses.push(news);
      return;
    }
    if (stream.next >= log.endOffset && stream.toldWatermark === log.highWatermark) return;
    const batches = stream.next < log.endOffset ? log.read(stream.next, this.random.between(1, RUN_RECORDS)) : undefined;
    stream.next = batches?.endOffset ?? stream.next;
    stream.toldWatermark = log.highWatermark;
    stream.responses.push({ ...news, batches });
  }

  /** The follower reads what the leader sent. */
  takeNews(stream: ModelStream): void {
    const news = stream.responses.shift();
    if (news !== undefined) this.broker(stream.followerId)?.news(news, this.nowMs);
  }

  propose(broker: ModelBroker): void {
    const proposal = broker.propose(this.nowMs, this.#maxLagMs);
    if (proposal === undefined || broker.leading === undefined) return;
    const heldUntilMs = this.random.chance(this.#slowProposals) ? this.nowMs + this.random.between(100, 6 * MAX_LAG_MS) : this.nowMs;
    const { set } = broker.leading;
    this.proposals.push({ from: broker, life: broker.life, set, proposal, heldUntilMs, delivered: undefined });
  }

  /** The controller decides. */
  decide(sent: SentProposal): void {
    sent.delivered ??= this.controller.alter(sent.from.id, sent.life, sent.proposal);
  }

  /** The leader hears the answer, or stops waiting for it. */
  answer(sent: SentProposal, lost: boolean): void {
    const { delivered } = sent;
    if (delivered !== undefined) this.proposals = this.proposals.filter((other) => other !== sent);
    if (!sent.from.isUp || sent.from.life !== sent.life) return;
    sent.from.settled(sent.set, sent.proposal, lost ? 'unknown' : (delivered ?? 'unknown'), this.nowMs);
  }

  /** Deletes records of a leader, as retention does. */
  deleteRecords(broker: ModelBroker): void {
    const { log } = broker;
    if (broker.leading !== undefined) log.startOffset = this.random.between(log.startOffset, log.highWatermark) as Offset;
  }
}
