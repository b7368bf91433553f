import {
  assert,
  type BrokerId,
  type Clock,
  type Compute,
  type LeaderEpoch,
  MoldauError,
  type Offset,
  type PartitionIndex,
  type TopicId,
} from '@moldau/kernel';
import type { ReplicationTerms } from '@moldau/replication';
import type { Progress } from '@moldau/storage';
import { AdmissionQueue } from './admission-queue.ts';
import { assertAppendable, assertKeys } from './append-checks.ts';
import { Leadership } from './leadership.ts';
import type { PartitionLog } from './partition-log.ts';
import type { PendingBatch } from './pending-batch.ts';
import type { TopicSettings } from './topic-settings.ts';

/** What the cluster's metadata says of a partition, as far as its replica here acts on it. */
export interface PartitionAssignment {
  readonly leaderId: BrokerId | undefined;
  readonly leaderEpoch: LeaderEpoch;
  /** Whether this life of this broker leads it: never in an epoch won by an earlier one. */
  readonly leads: boolean;
  readonly terms: ReplicationTerms;
}

/** Watches one partition for readers that wait. */
export interface PartitionWatcher {
  /** The high watermark moved, or the partition can't be read here any more. */
  partitionMoved(partition: Partition): void;
}

/**
 * opening → standby | offline | closed; standby ⇄ leading; standby, leading → offline; every state → closed.
 * `standby`: the log is open, another broker leads or nobody does. `offline`: the log failed; its data is kept.
 */
type State =
  | { readonly kind: 'opening' }
  | { readonly kind: 'standby'; readonly log: PartitionLog }
  | { readonly kind: 'leading'; readonly log: PartitionLog; readonly leadership: Leadership }
  | { readonly kind: 'offline'; readonly error: MoldauError }
  | { readonly kind: 'closed' };

export interface PartitionDeps {
  readonly clock: Clock;
  readonly compute: Compute;
  readonly brokerId: BrokerId;
  /** A batch waits for its confirmation: see to its deadline. */
  readonly onPending: (partition: Partition) => void;
  readonly onOffline: (partition: Partition, error: MoldauError) => void;
}

/** This broker's replica of one partition. */
export class Partition {
  readonly topicId: TopicId;
  readonly index: PartitionIndex;
  readonly #deps: PartitionDeps;
  readonly #watchers = new Set<PartitionWatcher>();
  readonly #admission = new AdmissionQueue();
  #state: State = { kind: 'opening' };
  #assignment: PartitionAssignment;
  #settings: TopicSettings;

  constructor(deps: PartitionDeps, topicId: TopicId, index: PartitionIndex, assignment: PartitionAssignment, settings: TopicSettings) {
    this.#deps = deps;
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
    return this.#state.kind === 'leading' || this.#state.kind === 'standby' ? this.#state.log : undefined;
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
    log.listen((progress) => this.#progressed(progress));
    log.reconfigure(this.#settings.storage);
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
    this.#assignment = assignment;
    if (this.#state.kind === 'leading' || this.#state.kind === 'standby') this.#settleRole(this.#state.log);
  }

  reconfigure(settings: TopicSettings): void {
    this.#settings = settings;
    this.log?.reconfigure(settings.storage);
  }

  /** Stops for good; whoever opened the log closes it. */
  close(error: MoldauError): void {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    if (state.kind === 'leading') state.leadership.resign(error);
    this.#wake();
  }

  /**
   * Takes one batch; its sink hears of it exactly once, perhaps before this returns. Batches of one partition are
   * appended in the order of these calls.
   */
  append(batch: PendingBatch, bytes: Uint8Array, claimedEpoch: number | undefined): void {
    try {
      this.leading(claimedEpoch);
      assertAppendable(bytes, batch.acks, this.#settings, this.#deps.clock.wallMs());
      const check = this.#settings.compacted ? assertKeys(bytes, this.#deps.compute) : undefined;
      if (check === undefined && this.#admission.isEmpty) {
        this.#appendChecked(batch, bytes, claimedEpoch);
        return;
      }
      const proceed = (): void => {
        try {
          this.#appendChecked(batch, bytes, claimedEpoch);
        } catch (caught) {
          this.#refuse(batch, MoldauError.from(caught));
        }
      };
      this.#admission.push({ proceed, refuse: (error) => this.#refuse(batch, error) }, check);
    } catch (caught) {
      this.#refuse(batch, MoldauError.from(caught));
    }
  }

  /**
   * The log and leadership, where this broker leads in the epoch the caller knows.
   *
   * @throws MoldauError PARTITION_OFFLINE, LOG_DIRECTORY_OFFLINE, NOT_LEADER, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH
   */
  leading(claimedEpoch: number | undefined): { readonly log: PartitionLog; readonly leadership: Leadership } {
    const state = this.#state;
    if (state.kind === 'leading') {
      if (claimedEpoch !== undefined && claimedEpoch !== state.leadership.epoch) throw this.#wrongEpoch(claimedEpoch);
      return state;
    }
    if (state.kind === 'offline') throw state.error;
    if (claimedEpoch !== undefined && claimedEpoch > this.#assignment.leaderEpoch) throw this.#wrongEpoch(claimedEpoch);
    throw this.#notLeader();
  }

  watch(watcher: PartitionWatcher): void {
    this.#watchers.add(watcher);
  }

  unwatch(watcher: PartitionWatcher): void {
    this.#watchers.delete(watcher);
  }

  /** Answers batches that waited for too long; true while others wait. */
  expire(nowMs: number): boolean {
    if (this.#state.kind !== 'leading') return false;
    this.#state.leadership.expire(nowMs);
    return this.#state.kind === 'leading' && this.#state.leadership.pendingCount > 0;
  }

  #appendChecked(batch: PendingBatch, bytes: Uint8Array, claimedEpoch: number | undefined): void {
    // Again after a check that took time; for the others it costs a comparison.
    const { leadership } = this.leading(claimedEpoch);
    leadership.append(batch, bytes, this.#settings);
    if (leadership.pendingCount > 0) this.#deps.onPending(this);
  }

  #refuse(batch: PendingBatch, error: MoldauError): void {
    if (this.#state.kind !== 'leading') {
      batch.fail(error);
      return;
    }
    this.#state.leadership.refuse(batch, error);
    if (this.#state.leadership.pendingCount > 0) this.#deps.onPending(this);
  }

  #settleRole(log: PartitionLog): void {
    const { leads, leaderEpoch, terms } = this.#assignment;
    const state = this.#state;
    if (state.kind === 'leading') {
      if (leads && leaderEpoch === state.leadership.epoch) {
        state.leadership.changeTerms(terms);
        return;
      }
      this.#state = { kind: 'standby', log };
      state.leadership.resign(this.#leaderChanged());
      this.#wake();
    }
    if (leads) this.#lead(log, leaderEpoch, terms);
  }

  #lead(log: PartitionLog, epoch: LeaderEpoch, terms: ReplicationTerms): void {
    const { clock, brokerId } = this.#deps;
    const leadership = new Leadership({ clock, brokerId, log, onWatermark: () => this.#wake() }, epoch, terms);
    this.#state = { kind: 'leading', log, leadership };
    leadership.begin();
  }

  #progressed(progress: Progress): void {
    const state = this.#state;
    if (state.kind !== 'leading' && state.kind !== 'standby') return;
    // The state first: nothing may be appended or read any more when the waiters hear of it.
    if (progress.kind === 'failed') {
      this.#state = { kind: 'offline', error: state.log.failure ?? progress.error };
      this.#deps.onOffline(this, progress.error);
    }
    if (state.kind === 'leading') state.leadership.progressed(progress);
    if (progress.kind === 'failed') this.#wake();
  }

  #wake(): void {
    // A watcher may leave or come while it is told.
    for (const watcher of [...this.#watchers]) watcher.partitionMoved(this);
  }

  #wrongEpoch(claimedEpoch: number): MoldauError {
    const known = this.#assignment.leaderEpoch;
    const facts = { ...this.#facts(), ...leaderFacts(this.#assignment), value: String(claimedEpoch), limit: String(known) };
    if (claimedEpoch < known) {
      return new MoldauError('FENCED_LEADER_EPOCH', `the request names leader epoch ${claimedEpoch}; it is ${known} now`, facts);
    }
    return new MoldauError('UNKNOWN_LEADER_EPOCH', `the request names leader epoch ${claimedEpoch}; ${known} is known here`, facts);
  }

  #notLeader(): MoldauError {
    const { leaderId } = this.#assignment;
    const other = leaderId !== undefined && leaderId !== this.#deps.brokerId;
    const facts = other ? { ...this.#facts(), ...leaderFacts(this.#assignment) } : this.#facts();
    return new MoldauError(
      'NOT_LEADER',
      `broker ${this.#deps.brokerId} does not lead partition ${this.index} of topic ${this.topicId}`,
      facts,
    );
  }

  #leaderChanged(): MoldauError {
    const facts = { ...this.#facts(), ...leaderFacts(this.#assignment) };
    return new MoldauError('LEADER_CHANGED_AFTER_APPEND', 'leadership moved before the batch was confirmed', facts);
  }

  #facts(): Readonly<Record<string, string>> {
    return { topic_id: this.topicId, partition: String(this.index) };
  }

  /** End of what readers may see; undefined where this broker does not lead. */
  get highWatermark(): Offset | undefined {
    return this.#state.kind === 'leading' ? this.#state.leadership.highWatermark : undefined;
  }
}

/** Who leads, for the client to turn to at once; the epoch tells it whether that is newer than what it knows. */
function leaderFacts({ leaderId, leaderEpoch }: PartitionAssignment): Readonly<Record<string, string>> {
  return leaderId === undefined ? {} : { leader: String(leaderId), leader_epoch: String(leaderEpoch) };
}
