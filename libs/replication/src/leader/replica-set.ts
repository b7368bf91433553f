import { assert, type BrokerEpoch, type BrokerId, type LeaderEpoch, type Offset, type PartitionEpoch } from '@moldau/kernel';
import { HighWatermark, type ReplicaEnds, type ReplicationTerms } from './high-watermark.ts';
import { type IsrMember, type IsrProposal, IsrProposals, type ProposalOutcome } from './isr-proposals.ts';
import { type FollowerEnds, FollowerProgress, type LeaderEnds, type ReplicaProgress } from './replica-progress.ts';

/** What the partition's record says of who must have a record before it counts. */
export interface CommittedTerms extends Omit<ReplicationTerms, 'proposedIsr'> {
  /**
   * With flush=sync: it was async until now, and the controller waits to hear that the ISR has flushed all that was acknowledged
   * before. Default: no.
   */
  readonly syncing?: boolean;
}

export interface ReplicaSetOptions {
  /** The leader itself. */
  readonly self: BrokerId;
  readonly leaderEpoch: LeaderEpoch;
  /** End of the leader's log when its epoch began. */
  readonly epochStart: Offset;
  /** Where the watermark was known to be when the epoch began. */
  readonly highWatermark: Offset;
  readonly terms: CommittedTerms;
  /** Of the record that `terms` come from. */
  readonly partitionEpoch: PartitionEpoch;
  /** All replicas, the leader among them. */
  readonly replicas: readonly BrokerId[];
  /** Monotonic milliseconds. */
  readonly nowMs: number;
}

export interface ProposeOptions {
  /** A member that has not been caught up for longer leaves the ISR (`replica.lag.time.max.ms`). */
  readonly maxLagMs: number;
  /** The present life of a broker that may be a member: registered and not fenced, the leader among them; else undefined. */
  readonly lives: (brokerId: BrokerId) => BrokerEpoch | undefined;
  /** Whether a broker is about to stop: it does not join, and stays while it is a member. Default: none is. */
  readonly stopping?: (brokerId: BrokerId) => boolean;
  /** Whether a broker's disk is slow: with flush=sync it does not join while enough others are in sync. Default: none is. */
  readonly slow?: (brokerId: BrokerId) => boolean;
}

/** A replica joins only when it lags by less than `maxLagMs` divided by this, so that it does not leave again at once. */
const JOIN_LAG_DIVISOR = 2;

/**
 * The leader's view of one partition's replicas in one leader epoch: where each stands, the high watermark over the
 * maximal ISR, and the changes of the ISR it proposes. Ends with the epoch.
 */
export class ReplicaSet {
  readonly epochStart: Offset;
  readonly leaderEpoch: LeaderEpoch;
  readonly #self: BrokerId;
  readonly #watermark: HighWatermark;
  readonly #proposals = new IsrProposals();
  readonly #beganMs: number;
  #followers: ReadonlyMap<BrokerId, FollowerProgress>;
  #replicas: readonly BrokerId[];
  #partitionEpoch: PartitionEpoch;
  #committed: CommittedTerms;
  #own: LeaderEnds | undefined;
  #logEnd: Offset;
  /** What everyone but the leader had flushed when that was seen first, and when. */
  #heldBack: { readonly until: Offset; readonly sinceMs: number } | undefined;

  constructor(options: ReplicaSetOptions) {
    assert(options.replicas.includes(options.self), 'the leader is a replica', { self: options.self });
    this.#self = options.self;
    this.leaderEpoch = options.leaderEpoch;
    this.epochStart = options.epochStart;
    this.#logEnd = options.epochStart;
    this.#beganMs = options.nowMs;
    this.#committed = options.terms;
    this.#partitionEpoch = options.partitionEpoch;
    this.#replicas = options.replicas;
    this.#watermark = new HighWatermark(options.highWatermark, this.#terms());
    this.#followers = this.#followersOf(options.replicas, new Map());
  }

  get highWatermark(): Offset {
    return this.#watermark.value;
  }

  /** The committed ISR, and the maximal ISR as `proposedIsr`. */
  get terms(): ReplicationTerms {
    return this.#watermark.terms;
  }

  get partitionEpoch(): PartitionEpoch {
    return this.#partitionEpoch;
  }

  /** Whether the committed ISR is large enough to confirm anything. */
  get hasQuorum(): boolean {
    return this.#watermark.hasQuorum;
  }

  /**
   * Whether every replica is in the committed ISR, no proposal is in doubt, and all have what the leader has, itself on its disk: then there is
   * nothing to propose until the log grows, a follower tells that it lacks something, or the record changes.
   */
  get isEven(): boolean {
    if (this.#proposals.inDoubt || this.#committed.isr.length !== this.#replicas.length) return false;
    // The controller waits to hear of it.
    if (this.#committed.syncing === true) return false;
    // Its own flush may be what all wait for.
    if (this.#own === undefined || this.#counted(this.#own) < this.#logEnd) return false;
    for (const { ends } of this.#followers.values()) if (ends === undefined || this.#counted(ends) < this.#logEnd) return false;
    return true;
  }

  /**
   * Notes how far the leader's own log goes; true when the watermark moved. The log may end earlier than the last time: what found
   * no space on the disk was sent to nobody and is gone.
   */
  own(ends: LeaderEnds, nowMs: number): boolean {
    if (ends.logEnd > this.#logEnd) {
      for (const follower of this.#followers.values()) {
        if (follower.ends !== undefined) follower.logGrows(this.#counted(follower.ends), this.#logEnd, nowMs);
      }
    }
    this.#logEnd = ends.logEnd;
    this.#own = ends;
    return this.#watermark.progressed(this.#self, ends);
  }

  /**
   * Notes where a follower stands; true when the watermark moved. Only for a position in this leader epoch that the leader
   * has found to agree with its log, and those that continue it on the same stream: what a follower has beyond the point where
   * the logs part is not the leader's, and must not count.
   */
  followed(brokerId: BrokerId, brokerEpoch: BrokerEpoch, ends: FollowerEnds, nowMs: number): boolean {
    const follower = this.#followers.get(brokerId);
    // Not a replica (any more), or an earlier life of it.
    if (follower === undefined || (follower.brokerEpoch ?? brokerEpoch) > brokerEpoch) return false;
    follower.heard(brokerEpoch, ends, this.#counted(ends), this.#logEnd, nowMs);
    return this.#watermark.progressed(brokerId, ends);
  }

  /** Takes the partition's record, once for each partition epoch; true when the watermark moved. */
  changeTerms(terms: CommittedTerms, partitionEpoch: PartitionEpoch, replicas: readonly BrokerId[], nowMs: number): boolean {
    if (partitionEpoch <= this.#partitionEpoch) return false;
    this.#partitionEpoch = partitionEpoch;
    this.#committed = terms;
    this.#replicas = replicas;
    this.#followers = this.#followersOf(replicas, this.#followers, nowMs);
    this.#proposals.overtaken();
    return this.#watermark.changeTerms(this.#terms());
  }

  /**
   * For how long what all other members of the ISR have flushed has waited for the leader's own flush, as seen by such looks;
   * 0 where it does not, where the members without the leader would be too few, and with flush=async.
   */
  heldBackMs(nowMs: number): number {
    const { flush, isr, minIsr } = this.#committed;
    let others = Number.POSITIVE_INFINITY;
    if (flush === 'sync' && isr.length > Math.max(1, minIsr)) {
      for (const id of isr) if (id !== this.#self) others = Math.min(others, this.#followers.get(id)?.ends?.flushedEnd ?? -1);
    }
    const own = this.#own?.flushedEnd ?? -1;
    if (others === Number.POSITIVE_INFINITY || others <= own) this.#heldBack = undefined;
    else if (this.#heldBack === undefined || this.#heldBack.until <= own) this.#heldBack = { until: others as Offset, sinceMs: nowMs };
    return this.#heldBack === undefined ? 0 : nowMs - this.#heldBack.sinceMs;
  }

  /** Where each replica stands, in the order of the replicas. */
  progress(): ReplicaProgress[] {
    return this.#replicas.map((brokerId) => {
      const follower = this.#followers.get(brokerId);
      return {
        brokerId,
        brokerEpoch: follower?.brokerEpoch,
        ends: brokerId === this.#self ? this.#ownEnds() : follower?.ends,
        lastCaughtUpMs: follower?.lastCaughtUpMs ?? Number.POSITIVE_INFINITY,
        inIsr: this.#committed.isr.includes(brokerId),
      };
    });
  }

  /**
   * Begins a proposal where the ISR should change, where all of it has flushed what a change to flush=sync waits for, or where the outcome of an earlier one is unknown; undefined where there is
   * nothing to propose or one is under way. From here on the watermark counts its members too, until `settled` or a newer record.
   */
  propose(nowMs: number, options: ProposeOptions): IsrProposal | undefined {
    if (!this.#proposals.mayPropose(nowMs)) return undefined;
    const { isr } = this.#committed;
    const wanted = this.#replicas.filter((id) => (isr.includes(id) ? this.#stays(id, nowMs, options) : this.#joins(id, nowMs, options)));
    const same = wanted.length === isr.length && wanted.every((id) => isr.includes(id));
    const allFlushed = this.#committed.syncing === true && wanted.every((id) => this.#hasFlushedAll(id));
    if (same && !this.#proposals.inDoubt && !allFlushed) return undefined;
    const members = wanted
      .map((brokerId) => ({ brokerId, brokerEpoch: options.lives(brokerId) }))
      .filter((member): member is IsrMember => member.brokerEpoch !== undefined);
    // The leader itself is about to be replaced.
    if (!members.some(({ brokerId }) => brokerId === this.#self)) return undefined;
    const proposal: IsrProposal = { leaderEpoch: this.leaderEpoch, partitionEpoch: this.#partitionEpoch, isr: members, allFlushed };
    this.#proposals.begin(proposal);
    // More members hold the watermark back, never forward.
    this.#watermark.changeTerms(this.#terms());
    return proposal;
  }

  /** Takes the controller's answer to `proposal`, or that there was none; true when the watermark moved. */
  settled(proposal: IsrProposal, outcome: ProposalOutcome, nowMs: number): boolean {
    return this.#proposals.settled(proposal, outcome, nowMs) && this.#watermark.changeTerms(this.#terms());
  }

  /** All that was acknowledged: here below the watermark, and by earlier leaders below the start of the epoch. */
  #hasFlushedAll(id: BrokerId): boolean {
    const flushedEnd = (id === this.#self ? this.#own : this.#followers.get(id)?.ends)?.flushedEnd ?? -1;
    return flushedEnd >= this.highWatermark && flushedEnd >= this.epochStart;
  }

  #stays(id: BrokerId, nowMs: number, { maxLagMs }: ProposeOptions): boolean {
    return id === this.#self || this.#lagMs(id, nowMs) <= maxLagMs;
  }

  #joins(id: BrokerId, nowMs: number, { maxLagMs, lives, stopping, slow }: ProposeOptions): boolean {
    if (slow?.(id) === true && this.#isDispensable(slow)) return false;
    const follower = this.#followers.get(id);
    // Only the life that fetched in this leader epoch has proved itself (KIP-903).
    if (follower?.ends === undefined || follower.brokerEpoch !== lives(id) || stopping?.(id) === true) return false;
    const end = this.#counted(follower.ends);
    return end >= this.highWatermark && end >= this.epochStart && this.#lagMs(id, nowMs) * JOIN_LAG_DIVISOR <= maxLagMs;
  }

  /** Whether members with disks that are not slow are enough. The controller refuses others then, and would remove them. */
  #isDispensable(slow: (brokerId: BrokerId) => boolean): boolean {
    const { flush, isr, minIsr } = this.#committed;
    return flush === 'sync' && isr.filter((id) => !slow(id)).length >= Math.max(1, minIsr);
  }

  /** For how long the follower has not been caught up; 0 while it has all there is. */
  #lagMs(id: BrokerId, nowMs: number): number {
    const follower = this.#followers.get(id);
    if (follower === undefined) return Number.POSITIVE_INFINITY;
    if (follower.ends !== undefined && this.#counted(follower.ends) >= this.#logEnd) return 0;
    return nowMs - follower.lastCaughtUpMs;
  }

  #counted(ends: ReplicaEnds): Offset {
    return this.#committed.flush === 'sync' ? ends.flushedEnd : ends.writtenEnd;
  }

  #ownEnds(): FollowerEnds | undefined {
    return this.#own && { receivedEnd: this.#own.logEnd, writtenEnd: this.#own.writtenEnd, flushedEnd: this.#own.flushedEnd };
  }

  #terms(): ReplicationTerms {
    const { isr } = this.#committed;
    const possible = this.#proposals.possible;
    return { ...this.#committed, proposedIsr: possible.length === 0 ? isr : possible };
  }

  #followersOf(
    replicas: readonly BrokerId[],
    known: ReadonlyMap<BrokerId, FollowerProgress>,
    nowMs: number = this.#beganMs,
  ): ReadonlyMap<BrokerId, FollowerProgress> {
    const followers = replicas.filter((id) => id !== this.#self);
    return new Map(followers.map((id) => [id, known.get(id) ?? new FollowerProgress(this.#logEnd, nowMs)]));
  }
}
