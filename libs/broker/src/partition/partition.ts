import { assert, type BrokerId, type LeaderEpoch, type MoldauError, type Offset, type PartitionIndex, type TopicId } from '@moldau/kernel';
import type { FollowerAssignment } from '@moldau/replication';
import type { MarkerClaim, Progress } from '@moldau/storage';
import { Following } from '../replication/following.ts';
import { leaderChanged, mayLead, mayPropose, notLeader, type PartitionAssignment, wrongEpoch } from './assignment.ts';
import { BatchIntake } from './batch-intake.ts';
import { Leadership, type ReplicaTerms } from './leadership.ts';
import type { GrowthWatcher, PartitionDeps } from './partition-deps.ts';
import type { PartitionLog } from './partition-log.ts';
import type { PendingBatch } from './pending-batch.ts';
import { type ShardAppend, shardBatchOf } from './shard-append.ts';
import type { TopicSettings } from './topic-settings.ts';

/** Watches one partition for readers that wait. */
export interface PartitionWatcher {
  /** The high watermark moved, or the partition can't be read here any more. */
  partitionMoved(partition: Partition): void;
}

/**
 * opening → standby | offline | closed; standby, leading, following → each other; those → offline; every state → closed.
 * `standby`: the log is open and nobody leads. `following`: another broker leads; also for as long as the log is being cut or
 * begun anew although nobody is followed any more. `offline`: the log failed; its data is kept.
 */
type State =
  | { readonly kind: 'opening' }
  | { readonly kind: 'standby'; readonly log: PartitionLog }
  | { readonly kind: 'leading'; readonly log: PartitionLog; readonly leadership: Leadership }
  | { readonly kind: 'following'; readonly log: PartitionLog; readonly following: Following }
  | { readonly kind: 'offline'; readonly error: MoldauError }
  | { readonly kind: 'closed' };

/** This broker's replica of one partition. */
export class Partition {
  readonly topicId: TopicId;
  readonly index: PartitionIndex;
  /** Told of each move of the written end. */
  readonly growthWatchers = new Set<GrowthWatcher>();
  readonly #deps: PartitionDeps;
  readonly #watchers = new Set<PartitionWatcher>();
  readonly #intake: BatchIntake;
  #state: State = { kind: 'opening' };
  #assignment: PartitionAssignment;
  #settings: TopicSettings;

  constructor(deps: PartitionDeps, topicId: TopicId, index: PartitionIndex, assignment: PartitionAssignment, settings: TopicSettings) {
    this.#deps = deps;
    this.#intake = new BatchIntake(deps, this);
    this.topicId = topicId;
    this.index = index;
    this.#assignment = assignment;
    this.#settings = settings;
  }

  get kind(): State['kind'] {
    return this.#state.kind;
  }

  get settings(): TopicSettings {
    return this.#settings;
  }

  get leaderId(): BrokerId | undefined {
    return this.#assignment.leaderId;
  }

  /** The open log; undefined while opening, offline or closed. */
  get log(): PartitionLog | undefined {
    return 'log' in this.#state ? this.#state.log : undefined;
  }

  /** Why it is offline; undefined while it is not. */
  get failure(): MoldauError | undefined {
    return this.#state.kind === 'offline' ? this.#state.error : undefined;
  }

  /** The log has been opened. */
  opened(log: PartitionLog): void {
    if (this.#state.kind === 'closed') return;
    assert(this.#state.kind === 'opening', 'a log is opened once', { kind: this.#state.kind });
    if (log.failure !== undefined) {
      this.openFailed(log.failure);
      return;
    }
    this.#state = { kind: 'standby', log };
    this.#take(log);
    this.#settleRole(log);
  }

  /** The log can't be opened. */
  openFailed(error: MoldauError): void {
    if (this.#state.kind !== 'opening') return;
    this.#state = { kind: 'offline', error };
    this.#deps.onOffline(this, error);
    this.#wake();
  }

  /** Takes what newer metadata says. */
  reassign(assignment: PartitionAssignment): void {
    const wasBeingAdded = this.isBeingAdded;
    this.#assignment = assignment;
    if (this.log !== undefined) this.#settleRole(this.log);
    if (this.isBeingAdded !== wasBeingAdded) this.#deps.feed.restream(this);
  }

  /** Whether a reassignment adds this replica and it is not in sync yet. */
  get isBeingAdded(): boolean {
    return this.#assignment.isBeingAdded;
  }

  reconfigure(settings: TopicSettings): void {
    this.#settings = settings;
    this.log?.reconfigure(settings.storage);
  }

  /** Stops for good; whoever opened the log closes it. */
  close(error: MoldauError): void {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    if (state.kind === 'leading') this.#resign(state.leadership, error);
    if (state.kind === 'following') state.following.stop();
    this.#wake();
  }

  /**
   * Takes one batch; its sink hears of it exactly once, perhaps before this returns. Batches of one partition are
   * appended in the order of these calls.
   */
  append(batch: PendingBatch, bytes: Uint8Array, claimedEpoch: number | undefined): void {
    this.#intake.append(batch, bytes, claimedEpoch);
  }

  /**
   * The log and leadership, where this broker leads in the epoch the caller knows.
   *
   * @throws MoldauError PARTITION_OFFLINE, LOG_DIRECTORY_OFFLINE, NOT_LEADER, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH
   */
  leading(claimedEpoch: number | undefined): { readonly log: PartitionLog; readonly leadership: Leadership } {
    const state = this.#state;
    if (state.kind === 'leading') {
      if (claimedEpoch !== undefined && claimedEpoch !== state.leadership.epoch) throw wrongEpoch(this, this.#assignment, claimedEpoch);
      return state;
    }
    if (state.kind === 'offline') throw state.error;
    if (claimedEpoch !== undefined && claimedEpoch > this.#assignment.leaderEpoch) throw wrongEpoch(this, this.#assignment, claimedEpoch);
    throw notLeader(this, this.#assignment, this.#deps.brokerId);
  }

  /**
   * Appends the marker that ends a transaction; `pending` is answered when it is committed.
   *
   * @throws MoldauError those of leadership and of `Leadership.appendMarker`; nothing was appended
   */
  appendMarker(pending: PendingBatch, claim: MarkerClaim): void {
    this.leading(undefined).leadership.appendMarker(pending, claim);
    this.#deps.onPending(this);
  }

  /**
   * Appends as the owner of the shard whose log this is; `pending` is answered when it is committed.
   *
   * @throws MoldauError those of leadership, of `shardBatchOf` and of `Leadership.append`; nothing was appended
   */
  appendToShard(pending: PendingBatch, append: ShardAppend, claimedEpoch: number): void {
    const { log, leadership } = this.leading(claimedEpoch);
    const bytes = shardBatchOf(append, log, { partition: this, wallMs: this.#deps.clock.wallMs() });
    leadership.append(pending, bytes, this.#settings);
    this.#deps.onPending(this);
  }

  watch(watcher: PartitionWatcher): void {
    this.#watchers.add(watcher);
  }

  unwatch(watcher: PartitionWatcher): void {
    this.#watchers.delete(watcher);
  }

  /** Leadership, where this broker leads; else undefined. */
  get leadership(): Leadership | undefined {
    return this.#state.kind === 'leading' ? this.#state.leadership : undefined;
  }

  /** The follower, where another broker leads; else undefined. */
  get following(): Following | undefined {
    return this.#state.kind === 'following' ? this.#state.following : undefined;
  }

  /** Whose end counts, the flushed or the written one, by the partition's record. */
  get flush(): 'sync' | 'async' {
    return this.#assignment.terms.committed.flush;
  }

  /** Answers batches that waited for too long; true while others wait. */
  expire(nowMs: number): boolean {
    const holds = this.#intake.expire(nowMs);
    if (this.#state.kind === 'leading') this.#state.leadership.expire(nowMs);
    return holds || (this.#state.kind === 'leading' && this.#state.leadership.pendingCount > 0);
  }

  #take(log: PartitionLog): void {
    log.listen((progress) => this.#progressed(progress));
    log.reconfigure(this.#settings.storage);
  }

  #settleRole(log: PartitionLog): void {
    const { leads, leaderEpoch, leaderId, terms, lossyEpoch } = this.#assignment;
    const state = this.#state;
    if (state.kind === 'leading') {
      if (leads && leaderEpoch === state.leadership.epoch) {
        state.leadership.changeTerms(terms);
        this.#deps.onLeading(this, mayPropose(terms));
        return;
      }
      this.#state = { kind: 'standby', log };
      // Thousands of leaderships may end together, most of them with nobody waiting.
      if (state.leadership.pendingCount > 0) state.leadership.resign(leaderChanged(this, this.#assignment));
      this.#leadsNoMore();
      this.#wake();
    }
    const other = leaderId !== undefined && leaderId !== this.#deps.brokerId ? leaderId : undefined;
    if (other !== undefined) this.#follow(log, { leaderId: other, leaderEpoch, lossyEpoch });
    else if (!this.#standBy(log)) return;
    if (leads && mayLead(log, leaderEpoch, this, this.#deps)) this.#lead(log, leaderEpoch, terms);
  }

  #follow(log: PartitionLog, assignment: FollowerAssignment): void {
    const state = this.#state;
    const following = state.kind === 'following' ? state.following : this.#newFollowing(log);
    if (state.kind !== 'following') this.#state = { kind: 'following', log, following };
    if (following.leaderEpoch !== assignment.leaderEpoch) following.assign(assignment);
  }

  /** Ends the following, if any; false while its work on the log goes on, after which the role is settled again. */
  #standBy(log: PartitionLog): boolean {
    const state = this.#state;
    if (state.kind !== 'following') return true;
    state.following.leave();
    if (state.following.isBusy) return false;
    state.following.stop();
    this.#state = { kind: 'standby', log };
    return true;
  }

  #newFollowing(log: PartitionLog): Following {
    const following: Following = new Following(
      this.#deps,
      {
        beginAnew: async (startOffset) => {
          // Its end is wanted: no failure.
          this.log?.listen(() => {});
          const anew = await this.#deps.beginAnew(this, startOffset);
          if (this.#state.kind === 'following' && this.#state.following === following) {
            this.#state = { kind: 'following', log: anew, following };
            this.#take(anew);
          }
          return anew;
        },
        idle: () => {
          if (this.#state.kind === 'following' && this.#state.following === following) this.#settleRole(this.#state.log);
        },
      },
      this,
      log,
    );
    return following;
  }

  #lead(log: PartitionLog, epoch: LeaderEpoch, terms: ReplicaTerms): void {
    const { clock, brokerId } = this.#deps;
    const onUneven = (): void => this.#deps.onUneven(this);
    const leadership = new Leadership({ clock, brokerId, log, onWatermark: () => this.#wake(), onUneven }, epoch, terms);
    this.#state = { kind: 'leading', log, leadership };
    leadership.begin();
    this.#deps.onLeading(this, mayPropose(terms));
  }

  #resign(leadership: Leadership, error: MoldauError): void {
    leadership.resign(error);
    this.#leadsNoMore();
  }

  /** The state says so already. */
  #leadsNoMore(): void {
    this.#intake.abandon();
    this.#deps.onLeading(this, false);
  }

  #progressed(progress: Progress): void {
    const state = this.#state;
    if (!('log' in state)) return;
    // The state first: nothing may be appended or read any more when the waiters hear of it.
    if (progress.kind === 'failed') {
      this.#state = { kind: 'offline', error: state.log.failure ?? progress.error };
      this.#deps.onOffline(this, progress.error);
    }
    if (state.kind === 'leading') this.#leaderProgressed(state.leadership, progress);
    if (state.kind === 'following') this.#followerProgressed(state.following, progress);
    if (progress.kind === 'failed') this.#wake();
  }

  #leaderProgressed(leadership: Leadership, progress: Progress): void {
    // Followers first: what they have to do takes longer than the answers.
    if (progress.kind === 'advanced') for (const watcher of this.growthWatchers) watcher.partitionGrew(this);
    leadership.progressed(progress);
    if (progress.kind === 'failed') this.#leadsNoMore();
  }

  #followerProgressed(following: Following, progress: Progress): void {
    switch (progress.kind) {
      case 'advanced':
        if (following.acknowledges) this.#deps.feed.acknowledge(this);
        return;
      case 'dropped':
        following.lost();
        return;
      case 'failed':
        following.stop();
    }
  }

  #wake(): void {
    // A watcher may leave or come while it is told.
    for (const watcher of [...this.#watchers]) watcher.partitionMoved(this);
  }

  /** End of what readers may see; undefined where this broker does not lead. */
  get highWatermark(): Offset | undefined {
    return this.#state.kind === 'leading' ? this.#state.leadership.highWatermark : undefined;
  }
}
