import { type GroupRef, type GroupSettings, type JoinResponse, type MemberNotice, profileOfStreams } from '@moldau/groups';
import { type Clock, type ErrorName, type Instants, MoldauError } from '@moldau/kernel';
import {
  errorToItem,
  type MemberFrame,
  type MemberJoin,
  type MembershipCommit,
  type MembershipHeartbeat,
  type MembershipLeave,
  type MembershipSubscribe,
  type MemberNotice as WireNotice,
} from '@moldau/protocol';
import type { ShardHandle } from '@moldau/shards';
import type { AttachedMember } from './attached-members.ts';
import { type GroupMachine, type GroupOperation, perform } from './group-machine.ts';
import type { GroupViews } from './group-views.ts';
import { groupOf, offsetsOf, toAssignment, toResults, toSettings } from './group-wire.ts';

/** How long an operation of a member waits to be committed, in milliseconds. */
const OPERATION_TIMEOUT_MS = 30_000;
/** Unanswered commits of one member. */
const COMMITS_MAX = 100;
/** Given to a member that does not say how long it takes to give up partitions, in milliseconds. */
const REBALANCE_TIMEOUT_MS = 60_000;

export interface ConnectedMemberDeps {
  readonly clock: Clock;
  readonly views: GroupViews;
  /** @throws MoldauError NOT_SHARD_OWNER with the owner that is known */
  readonly shardOf: (index: number) => ShardHandle<GroupMachine>;
}

type Notice = NonNullable<WireNotice['notice']>;
type Frame = Exclude<NonNullable<MemberFrame['frame']>, { $case: 'join' } | { $case: 'detached' }>;

/**
 * One membership on the stream of one broker.
 *
 *   joining   its join runs, and is not committed yet
 *   attached  it is told what it is to hold
 *   over      it left, was refused or removed, or is attached elsewhere
 *
 * Moves: joining → attached → over; joining → over.
 */
type State = 'joining' | 'attached' | 'over';

export class ConnectedMember implements AttachedMember {
  readonly group: GroupRef;
  readonly memberId: string;
  readonly #deps: ConnectedMemberDeps;
  readonly #shard: ShardHandle<GroupMachine>;
  readonly #join: MemberJoin;
  readonly #send: (notice: Notice) => void;
  #state: State = 'joining';
  /** The newest member epoch that it was told here. */
  #toldEpoch = 0;
  /** The newest that it named. */
  #namedEpoch = 0;
  #settings = '';
  #commits = 0;

  /** @throws MoldauError NOT_SHARD_OWNER, INVALID_REQUEST */
  constructor(deps: ConnectedMemberDeps, join: MemberJoin, send: (notice: Notice) => void) {
    this.#deps = deps;
    this.#join = join;
    this.#send = send;
    this.group = groupOf(join.origin, join.join?.groupId ?? '');
    this.memberId = join.join?.memberId ?? '';
    this.#shard = deps.shardOf(join.shard);
  }

  get over(): boolean {
    return this.#state === 'over';
  }

  /** Joins it; the answer comes as a notice. */
  async join(): Promise<void> {
    try {
      const decision = await this.#shard.run(
        (machine, now) => {
          const outcome = machine.perform(now, this.#joining(), (response) => this.#joined(response));
          // From here on another connection of it is not heard any more.
          if (outcome.response.tag === 'done') machine.attached.attach(this);
          return outcome;
        },
        { timeoutMs: OPERATION_TIMEOUT_MS },
      );
      if (decision.tag === 'refused') this.#refuse(decision.error);
    } catch (caught) {
      this.#refuse(caught);
    }
  }

  hear(frame: Frame): void {
    if (this.#state === 'over') return;
    switch (frame.$case) {
      case 'heartbeat':
        this.#heartbeat(frame.value);
        return;
      case 'subscribe':
        void this.#subscribe(frame.value);
        return;
      case 'commit':
        void this.#commit(frame.value);
        return;
      case 'leave':
        void this.#leave(frame.value);
    }
  }

  /** Its client's stream broke: its session goes on. */
  detach(): void {
    this.#state = 'over';
    this.#shard.active()?.attached.detach(this);
  }

  /** The stream of its broker broke, which is not its fault: it has a whole session to come back. */
  disconnect(): void {
    if (this.#state === 'over') return;
    this.#shard.active()?.shard.prolong(this.#now(), this.group, this.memberId);
    this.detach();
  }

  told(notice: MemberNotice): void {
    if (this.#state !== 'attached') return;
    if (notice.type === 'removed') {
      this.#refuse(
        new MoldauError(notice.reason, `member '${this.memberId}' was removed from group '${this.group.groupId}'`, this.#facts()),
      );
      return;
    }
    this.#toldEpoch = notice.assignment.memberEpoch;
    this.#send({ $case: 'assignment', value: toAssignment(notice.assignment, this.#deps.views.topics) });
  }

  settingsChanged(settings: GroupSettings): void {
    const value = toSettings(settings);
    const text = JSON.stringify(value);
    if (this.#state !== 'attached' || text === this.#settings) return;
    this.#settings = text;
    this.#send({ $case: 'settings', value });
  }

  ended(reason: ErrorName): void {
    this.#refuse(new MoldauError(reason, `the membership of '${this.memberId}' is over on this stream`, this.#facts()));
  }

  /** The join; of a member that comes back also what it has carried out, which is checked before anything changes. */
  #joining(): GroupOperation<JoinResponse> {
    const { join, origin, memberEpoch } = this.#join;
    const { group, memberId } = this;
    const request = {
      ...{ group, memberId, instanceId: join?.instanceId, rack: join?.rack },
      ...{ clientId: origin?.clientId ?? '', clientHost: origin?.clientHost ?? '' },
      ...{ topicNames: join?.topicNames ?? [], topicPattern: join?.topicPattern, metadata: Uint8Array.from(join?.metadata ?? []) },
      rebalanceTimeoutMs: join?.rebalanceTimeoutMs ?? REBALANCE_TIMEOUT_MS,
      attempt: join?.attempt ?? 0,
      streams: join?.streams && profileOfStreams(join.streams),
    };
    return (shard, now) => (memberEpoch === undefined ? shard.join(now, request) : shard.rejoin(now, request, memberEpoch));
  }

  #joined({ assignment, ...settings }: JoinResponse): void {
    if (this.#state !== 'joining') return;
    this.#state = 'attached';
    this.#toldEpoch = assignment.memberEpoch;
    this.#namedEpoch = this.#join.memberEpoch ?? assignment.memberEpoch;
    const wire = toSettings(settings);
    this.#settings = JSON.stringify(wire);
    this.#send({ $case: 'joined', value: { settings: wire, assignment: toAssignment(assignment, this.#deps.views.topics) } });
  }

  #heartbeat({ memberEpoch, processingForMs }: MembershipHeartbeat): void {
    const { group, memberId } = this;
    this.#namedEpoch = memberEpoch;
    const machine = this.#shard.active();
    if (machine === undefined) return;
    const request = { group, memberId, memberEpoch, processingForMs, subscription: undefined };
    // The exception of the rule that an answer needs a round: nobody is told anything.
    if (machine.shard.isQuiet(request)) machine.shard.heartbeat(this.#now(), request);
    else void this.#tell((shard, now) => shard.heartbeat(now, request));
  }

  async #subscribe({ topicNames, topicPattern, streams }: MembershipSubscribe): Promise<void> {
    const { group, memberId } = this;
    const memberEpoch = this.#namedEpoch;
    const request = {
      group,
      memberId,
      memberEpoch,
      processingForMs: undefined,
      subscription: { topicNames, topicPattern },
      streams: streams && profileOfStreams(streams),
    };
    const failed = await this.#tell((shard, now) => shard.heartbeat(now, request));
    // It can't be dropped: the broker joins the member again, with what it subscribes to now.
    if (failed !== undefined) this.#refuse(failed);
  }

  /** Runs an operation whose refusal ends the membership. Returns an error that does not. */
  async #tell(operation: GroupOperation<undefined>): Promise<MoldauError | undefined> {
    try {
      await perform(this.#shard, OPERATION_TIMEOUT_MS, operation);
      return undefined;
    } catch (caught) {
      const error = expected(caught);
      // Overloaded, or too late: the next heartbeat says it again.
      if (error.retriable && error.reason !== 'NOT_SHARD_OWNER' && error.reason !== 'COORDINATOR_LOADING') return error;
      this.#refuse(error);
      return undefined;
    }
  }

  async #commit({ commitId, offsets, memberEpoch = this.#toldEpoch }: MembershipCommit): Promise<void> {
    const { group, memberId } = this;
    try {
      if (this.#commits >= COMMITS_MAX) throw tooManyCommits(this.#facts());
      this.#commits += 1;
      const request = { group, committer: { type: 'member', memberId, memberEpoch }, offsets: offsetsOf(offsets) } as const;
      const outcomes = await perform(this.#shard, OPERATION_TIMEOUT_MS, (shard, now) => shard.commitOffsets(now, request));
      this.#answer({ $case: 'committed', value: { commitId, error: undefined, results: toResults(outcomes) } });
    } catch (caught) {
      this.#answer({ $case: 'committed', value: { commitId, error: errorToItem(expected(caught)), results: [] } });
    } finally {
      this.#commits -= 1;
    }
  }

  #answer(notice: Notice): void {
    if (this.#state !== 'over') this.#send(notice);
  }

  async #leave({ returning }: MembershipLeave): Promise<void> {
    const { group, memberId } = this;
    const memberEpoch = this.#namedEpoch;
    try {
      await perform(this.#shard, OPERATION_TIMEOUT_MS, (shard, now) => shard.leave(now, { group, memberId, memberEpoch, returning }));
      this.#end(undefined);
    } catch (caught) {
      this.#refuse(caught);
    }
  }

  #refuse(caught: unknown): void {
    this.#end(expected(caught));
  }

  #end(error: MoldauError | undefined): void {
    if (this.#state === 'over') return;
    this.detach();
    this.#send({ $case: 'ended', value: { error: error && errorToItem(error) } });
  }

  #now(): Instants {
    return { monotonicMs: this.#deps.clock.monotonicMs(), wallMs: this.#deps.clock.wallMs() };
  }

  #facts(): Readonly<Record<string, string>> {
    return { group: this.group.groupId, member: this.memberId };
  }
}

/** What is no error of the catalogue is a bug, and goes on. */
function expected(caught: unknown): MoldauError {
  if (caught instanceof MoldauError) return caught;
  throw caught;
}

function tooManyCommits(facts: Readonly<Record<string, string>>): MoldauError {
  const limit = String(COMMITS_MAX);
  return new MoldauError('SHARD_OVERLOADED', `${limit} commits of the member are unanswered`, { ...facts, limit });
}
