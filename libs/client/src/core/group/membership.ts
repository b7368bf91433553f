import { MoldauError } from '@moldau/kernel';
import {
  groupService,
  type MembershipAssignment,
  type MembershipCommit,
  type MembershipCommitted,
  type MembershipResponse,
  type MembershipSettings,
} from '@moldau/protocol';
import { backoffMs } from '../backoff.ts';
import { type Cluster, unknownAddress } from '../cluster/cluster.ts';
import { createDeferred } from '../deferred.ts';
import type { GroupSettings } from './group-settings.ts';
import type { GroupIdentity, GroupSubscription } from './group-types.ts';
import { newMemberId } from './member-id.ts';
import { MemberTimers } from './member-timers.ts';
import { assertLegalMove, joinedStream, type MembershipState, type MembershipStream } from './membership-state.ts';
import {
  goingAway,
  heartbeatMessage,
  joinMessage,
  joinUnanswered,
  meaningOf,
  sessionOver,
  streamEnded,
  subscribeMessage,
} from './membership-wire.ts';

/** How long a broker may take to take in the end of a membership; after that its session ends it. */
const LEAVE_TIMEOUT_MS = 2_000;

export interface MembershipHooks {
  /** How long the program has worked on records that it took; undefined: it waits for records. */
  processingForMs(): number | undefined;
  /** What the member is to hold now. */
  assigned(assignment: MembershipAssignment): void;
  /** A stream is there, over which it may commit. */
  attached(): void;
  /** The stream is gone; commits that are unanswered are so for ever. */
  detached(): void;
  committed(answer: MembershipCommitted): void;
  /** All that it held is lost. It becomes a member again by itself. */
  lost(cause: MoldauError): void;
  /** It can't be a member; all that it held is lost. */
  failed(error: MoldauError): void;
}

/**
 * Keeps one member in its group over streams to any broker, and opens another with the same member id when one breaks. States
 * and moves: `membership-state.ts`. The member id changes when the cluster has ended the membership.
 */
export class Membership {
  readonly #cluster: Cluster;
  readonly #settings: GroupSettings;
  readonly #hooks: MembershipHooks;
  readonly #unsubscribe: () => void;
  #subscription: GroupSubscription;
  #state: MembershipState = { tag: 'idle' };
  #memberId: string;
  /** The newest that it was told, and the newest that it has carried out. */
  #memberEpoch = 0;
  #carriedEpoch = 0;
  /** What the group expects; undefined before the first join. */
  #expected: MembershipSettings | undefined;
  readonly #timers: MemberTimers;
  #attempt = 0;
  #avoid: number | undefined;
  /** Opened so far: a broker that takes an older one for the last can't have the member back. */
  #streams = 0;
  readonly #ended = createDeferred<void>();

  constructor(cluster: Cluster, settings: GroupSettings, hooks: MembershipHooks) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.#hooks = hooks;
    this.#subscription = settings.subscription;
    this.#memberId = newMemberId(cluster.ports.random);
    this.#timers = new MemberTimers(cluster.ports.scheduler);
    this.#unsubscribe = cluster.metadata.subscribe(() => this.#metadataChanged());
  }

  get state(): MembershipState {
    return this.#state;
  }

  get identity(): GroupIdentity {
    return { groupId: this.#settings.group, memberId: this.#memberId, memberEpoch: this.#memberEpoch };
  }

  /** Becomes a member, if it never was or had to wait for the program. */
  join(): void {
    if (this.#state.tag === 'idle' || this.#state.tag === 'removed') this.#connect(0);
  }

  subscribe(subscription: GroupSubscription): void {
    this.#subscription = subscription;
    joinedStream(this.#state)?.call?.send(subscribeMessage(this.#settings, subscription));
  }

  /** Says anew what state of a stream application it has. */
  reportState(): void {
    this.subscribe(this.#subscription);
  }

  /** Everything that was asked for up to this epoch is given up. */
  carriedOut(epoch: number): void {
    this.#carriedEpoch = epoch;
    if (this.#state.tag !== 'revoking' || epoch !== this.#memberEpoch) return;
    this.#move({ tag: 'stable', stream: this.#state.stream });
    this.#beat();
  }

  /** Sends a commit; false: there is no stream now. */
  commit(commit: Omit<MembershipCommit, 'memberEpoch'>): boolean {
    const call = joinedStream(this.#state)?.call;
    call?.send({ frame: { $case: 'commit', value: { ...commit, memberEpoch: this.#memberEpoch } } });
    return call !== undefined;
  }

  /** The stream does not answer: another is opened. */
  reset(cause: MoldauError): void {
    const stream = joinedStream(this.#state);
    if (stream === undefined) return;
    stream.cause = cause;
    stream.call?.cancel();
  }

  /** Leaves the group; resolves when the cluster has taken that in, or can't be told. */
  leave(returning: boolean): Promise<void> {
    const stream = joinedStream(this.#state);
    if (this.#state.tag === 'left' || this.#state.tag === 'leaving') return this.#ended.promise;
    if (stream?.call === undefined) {
      this.#left();
      return this.#ended.promise;
    }
    // What was given up counts, also when the server has not been told yet.
    stream.call.send(heartbeatMessage(this.#carriedEpoch, undefined));
    stream.call.send({ frame: { $case: 'leave', value: { returning } } });
    const timer = this.#cluster.ports.scheduler.after(LEAVE_TIMEOUT_MS, () => stream.call?.cancel());
    this.#timers.stopBeating();
    this.#move({ tag: 'leaving', stream, timer });
    return this.#ended.promise;
  }

  #move(state: MembershipState): void {
    assertLegalMove(this.#state, state);
    this.#state = state;
  }

  #left(): void {
    const state = this.#state;
    this.#move({ tag: 'left' });
    this.#unsubscribe();
    this.#timers.cancel();
    if (state.tag === 'connecting') state.retry?.cancel();
    if (state.tag === 'joining' || state.tag === 'leaving') state.timer.cancel();
    if (state.tag === 'joining') state.stream.call?.cancel();
    this.#ended.resolve(undefined);
  }

  #connect(pauseMs: number): void {
    const { scheduler } = this.#cluster.ports;
    const retry = pauseMs === 0 ? undefined : scheduler.after(pauseMs, () => void this.#open());
    this.#move({ tag: 'connecting', retry });
    if (retry === undefined) void this.#open();
  }

  /** Never rejects. */
  async #open(): Promise<void> {
    const begun = this.#state;
    try {
      if (this.#cluster.metadata.cluster === undefined) await this.#cluster.metadata.contact();
    } catch (caught) {
      if (this.#state === begun) this.#broken(undefined, MoldauError.from(caught));
      return;
    }
    if (this.#state !== begun || begun.tag !== 'connecting') return;
    const brokerId = pickBroker(this.#cluster, this.#avoid);
    const stream: MembershipStream = { brokerId, call: undefined, cause: undefined };
    stream.call = this.#cluster.openStream(brokerId, groupService.membership, {
      message: (message) => {
        if (this.#streamNow() === stream) this.#message(stream, message);
      },
      closed: (error) => {
        stream.call = undefined;
        if (this.#streamNow() === stream) this.#broken(stream, stream.cause ?? error ?? streamEnded(brokerId));
      },
    });
    if (stream.call === undefined) {
      this.#broken(undefined, unknownAddress(brokerId));
      return;
    }
    const { requestTimeoutMs } = this.#cluster.settings;
    const timer = this.#cluster.ports.scheduler.after(requestTimeoutMs, () => {
      stream.cause = joinUnanswered(brokerId, requestTimeoutMs);
      stream.call?.cancel();
    });
    this.#move({ tag: 'joining', stream, timer });
    this.#streams += 1;
    stream.call.send(joinMessage(this.#settings, { memberId: this.#memberId, attempt: this.#streams }, this.#subscription));
  }

  #streamNow(): MembershipStream | undefined {
    return 'stream' in this.#state ? this.#state.stream : undefined;
  }

  #message(stream: MembershipStream, { frame }: MembershipResponse): void {
    switch (frame?.$case) {
      case 'joined':
        this.#joined(stream, frame.value.settings, frame.value.assignment);
        return;
      case 'assignment':
        this.#assigned(stream, frame.value);
        return;
      case 'settings':
        this.#expected = frame.value;
        this.#scheduleHeartbeat();
        return;
      case 'committed':
        this.#hooks.committed(frame.value);
        return;
      case 'goAway':
        stream.cause = goingAway(stream.brokerId, frame.value.message);
        stream.call?.end();
        stream.call?.cancel();
        return;
      case undefined:
    }
  }

  #joined(stream: MembershipStream, settings: MembershipSettings | undefined, assignment: MembershipAssignment | undefined): void {
    if (this.#state.tag !== 'joining' || settings === undefined) return;
    this.#state.timer.cancel();
    this.#timers.sessionGoesOn();
    this.#attempt = 0;
    this.#avoid = undefined;
    this.#expected = settings;
    this.#cluster.health.brokerAnswered(stream.brokerId);
    this.#move({ tag: 'stable', stream });
    this.#scheduleHeartbeat();
    this.#assigned(stream, assignment ?? { memberEpoch: 0, assigned: [], revoking: [], following: [] });
    this.#hooks.attached();
  }

  #assigned(stream: MembershipStream, assignment: MembershipAssignment): void {
    if (joinedStream(this.#state) === undefined) return;
    this.#memberEpoch = assignment.memberEpoch;
    if (assignment.revoking.length > 0 && this.#state.tag === 'stable') this.#move({ tag: 'revoking', stream });
    this.#hooks.assigned(assignment);
    this.#settings.streams?.onFollowing(assignment.following);
  }

  #scheduleHeartbeat(): void {
    this.#timers.beatAfter(Math.max(1, this.#expected?.heartbeatIntervalMs ?? 1), () => this.#beat());
  }

  #beat(): void {
    const call = joinedStream(this.#state)?.call;
    if (call === undefined) return;
    call.send(heartbeatMessage(this.#carriedEpoch, this.#hooks.processingForMs()));
    this.#scheduleHeartbeat();
  }

  /** The stream is over, or there was none to be had. */
  #broken(stream: MembershipStream | undefined, cause: MoldauError): void {
    const wasMember = joinedStream(this.#state) !== undefined;
    this.#timers.stopBeating();
    if (this.#state.tag === 'leaving') {
      this.#left();
      return;
    }
    if (this.#state.tag === 'joining') this.#state.timer.cancel();
    if (wasMember) this.#hooks.detached();
    this.#cluster.ports.logger.debug('a membership has no stream', { group: this.#settings.group, error: cause.message });
    const meaning = meaningOf(cause);
    switch (meaning) {
      case 'again':
        this.#again(stream, cause, wasMember);
        return;
      case 'over':
      case 'slow':
        this.#renew();
        this.#hooks.lost(cause);
        if (meaning === 'slow' && this.#hooks.processingForMs() !== undefined) this.#move({ tag: 'removed' });
        else this.#connect(this.#nextPauseMs());
        return;
      case 'final':
        this.#timers.sessionGoesOn();
        this.#move({ tag: 'failed', error: cause });
        this.#hooks.failed(cause);
    }
  }

  #again(stream: MembershipStream | undefined, cause: MoldauError, wasMember: boolean): void {
    this.#avoid = stream?.brokerId;
    if (stream !== undefined && cause.reason === 'CONNECTION_FAILED') this.#cluster.brokerFailed(stream.brokerId, cause);
    this.#cluster.metadata.requestRefresh();
    if (wasMember) this.#awaitSessionEnd();
    // Another broker is tried at once; after that they get time.
    this.#connect(wasMember ? 0 : Math.max(cause.retryAfterMs ?? 0, this.#nextPauseMs()));
  }

  #nextPauseMs(): number {
    this.#attempt += 1;
    return backoffMs(this.#cluster.ports.random, this.#attempt - 1);
  }

  #awaitSessionEnd(): void {
    const { sessionTimeoutMs = 0 } = this.#expected ?? {};
    this.#timers.sessionEndsAfter(sessionTimeoutMs, () => {
      this.#hooks.lost(sessionOver(this.#settings.group, this.#memberId, sessionTimeoutMs));
    });
  }

  /** Another life: nothing of the last one counts. */
  #renew(): void {
    this.#timers.sessionGoesOn();
    this.#memberId = newMemberId(this.#cluster.ports.random);
    this.#memberEpoch = 0;
    this.#carriedEpoch = 0;
  }

  /** A broker that left the cluster without a word ends no stream. */
  #metadataChanged(): void {
    const stream = joinedStream(this.#state);
    if (stream === undefined || this.#cluster.metadata.broker(stream.brokerId) !== undefined) return;
    this.reset(unknownAddress(stream.brokerId));
  }
}

/** Any broker but the one that failed last: members that start together are spread over all. */
function pickBroker(cluster: Cluster, avoid: number | undefined): number {
  const brokers = [...(cluster.metadata.cluster?.brokers.keys() ?? [])];
  const others = brokers.filter((brokerId) => brokerId !== avoid);
  const candidates = others.length > 0 ? others : brokers;
  return candidates[cluster.ports.random.below(Math.max(1, candidates.length))] ?? 0;
}
