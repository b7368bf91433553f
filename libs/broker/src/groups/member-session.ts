import { MoldauError, type Scheduler, type Timer } from '@moldau/kernel';
import {
  errorToItem,
  itemToError,
  type MemberJoin,
  type MemberNotice,
  type MembershipAssignment,
  type MembershipCommit,
  type MembershipHeartbeat,
  type MembershipJoin,
  type MembershipJoined,
  type MembershipRequest,
  type MembershipResponse,
} from '@moldau/protocol';
import type { MemberLink, MemberLinkEvents } from '@moldau/shards';
import { assertCount, invalidField } from '../produce/produce-terms.ts';
import type { RequestContext } from '../request/request-context.ts';
import { callOrigin } from '../shards/call-origin.ts';
import type { EdgeCalls } from './edge-calls.ts';
import { MemberCommits } from './member-commits.ts';
import type { OffsetEnds } from './offset-ends.ts';

/** Before a member is joined again that its owner could not take for the moment, in milliseconds. */
const REJOIN_MS = 200;
/** Offsets of one commit. */
const OFFSETS_MAX = 10_000;

export interface MemberSessionDeps {
  readonly scheduler: Scheduler;
  readonly calls: EdgeCalls;
  readonly ends: OffsetEnds;
}

export type MembershipFrame = NonNullable<MembershipResponse['frame']>;
type Heard = Exclude<NonNullable<MembershipRequest['frame']>, { readonly $case: 'join' }>;

export interface MemberSessionEvents {
  /** Something for the member. */
  tell(frame: MembershipFrame): void;
  /** The membership is over: it left (undefined), or why it is no member. Last. */
  over(error: MoldauError | undefined): void;
}

/**
 * One membership of a client, kept at the owner of its group's shard, whoever that is. When the way to the owner breaks it is
 * joined again with the epoch that it carried out; the client sees at most another assignment.
 *
 *   joining  the owner has not taken it yet, for the first time or again
 *   joined   it is told what happens
 *   over     it left, was removed, or its client has gone
 *
 * Moves: joining ⇄ joined; both → over.
 */
type State = 'joining' | 'joined' | 'over';

export class MemberSession implements MemberLinkEvents {
  readonly #deps: MemberSessionDeps;
  readonly #context: RequestContext;
  readonly #events: MemberSessionEvents;
  readonly #commits = new MemberCommits();
  readonly #groupId: string;
  #join: MembershipJoin;
  #state: State = 'joining';
  #link: MemberLink | undefined;
  #retry: Timer | undefined;
  /** The newest member epoch that the client has carried out; undefined until it has been told that it joined. */
  #epoch: number | undefined;
  /** As it was told to the client. */
  #toldEpoch = 0;
  #toldAssignment = '';
  #toldSettings = '';
  #leaving: { readonly returning: boolean } | undefined;

  constructor(deps: MemberSessionDeps, join: MembershipJoin, context: RequestContext, events: MemberSessionEvents) {
    this.#deps = deps;
    this.#join = join;
    this.#groupId = join.groupId;
    this.#context = context;
    this.#events = events;
  }

  /** Opens the way to the owner. */
  open(): void {
    this.#state = 'joining';
    this.#link = this.#deps.calls.shards.openMember(this.#context.namespace, this.#groupId, this);
  }

  /** @throws MoldauError INVALID_REQUEST */
  hear(frame: Heard): void {
    if (this.#state === 'over' || this.#leaving !== undefined) return;
    switch (frame.$case) {
      case 'heartbeat':
        this.#inOrder(() => this.#heartbeat(frame.value));
        return;
      case 'subscribe': {
        const { topicNames, topicPattern, streams = this.#join.streams } = frame.value;
        this.#join = { ...this.#join, topicNames, topicPattern, streams };
        this.#inOrder(() => void this.#send({ $case: 'subscribe', value: frame.value }));
        return;
      }
      case 'commit':
        this.#commit(frame.value);
        return;
      case 'leave':
        this.#inOrder(() => {
          this.#leaving = frame.value;
          this.#send({ $case: 'leave', value: frame.value });
        });
    }
  }

  /** The client's stream is over; the session of the member goes on for as long as the group gives it. */
  close(): void {
    this.#state = 'over';
    this.#retry?.cancel();
    this.#link?.close();
  }

  join(): Omit<MemberJoin, 'shard'> {
    this.#state = 'joining';
    // What it has not been answered comes again after this, so it is as far as it was when it said the first of that.
    const memberEpoch = this.#epoch === undefined ? undefined : (this.#commits.oldestEpoch ?? this.#epoch);
    return { origin: callOrigin(this.#context), join: this.#join, memberEpoch };
  }

  interrupted(): void {
    if (this.#state === 'joined') this.#state = 'joining';
  }

  notice(notice: NonNullable<MemberNotice['notice']>): void {
    if (this.#state === 'over') return;
    switch (notice.$case) {
      case 'joined':
        this.#joined(notice.value);
        return;
      case 'assignment':
        this.#assigned(notice.value);
        return;
      case 'settings':
        this.#toldSettings = JSON.stringify(notice.value);
        this.#events.tell(notice);
        return;
      case 'committed': {
        const answer = this.#commits.answered(notice.value);
        if (answer !== undefined) this.#events.tell({ $case: 'committed', value: answer });
        return;
      }
      case 'ended':
        this.#ended(notice.value.error === undefined ? undefined : itemToError(notice.value.error));
    }
  }

  #joined(joined: MembershipJoined): void {
    this.#state = 'joined';
    const { settings, assignment } = joined;
    if (this.#epoch === undefined) {
      this.#epoch = assignment?.memberEpoch ?? 0;
      this.#toldEpoch = this.#epoch;
      this.#toldAssignment = JSON.stringify(assignment);
      this.#toldSettings = JSON.stringify(settings);
      this.#events.tell({ $case: 'joined', value: joined });
      return;
    }
    if (settings !== undefined && JSON.stringify(settings) !== this.#toldSettings) this.notice({ $case: 'settings', value: settings });
    if (assignment !== undefined && JSON.stringify(assignment) !== this.#toldAssignment) this.#assigned(assignment);
    this.#again(this.#epoch);
  }

  /** Everything that the owner has not answered, in the order in which the client said it. */
  #again(epoch: number): void {
    let named = this.#commits.oldestEpoch ?? epoch;
    for (const { commit, epoch: carriedOut } of this.#commits.unanswered()) {
      if (carriedOut !== named) this.#send({ $case: 'heartbeat', value: { memberEpoch: carriedOut } });
      named = carriedOut;
      this.#send({ $case: 'commit', value: commit });
    }
    if (named !== epoch) this.#send({ $case: 'heartbeat', value: { memberEpoch: epoch } });
    if (this.#leaving !== undefined) this.#send({ $case: 'leave', value: this.#leaving });
  }

  #assigned(assignment: MembershipAssignment): void {
    this.#toldEpoch = assignment.memberEpoch;
    this.#toldAssignment = JSON.stringify(assignment);
    this.#events.tell({ $case: 'assignment', value: assignment });
  }

  #heartbeat(heartbeat: MembershipHeartbeat): void {
    if (this.#epoch === undefined) return;
    this.#epoch = heartbeat.memberEpoch;
    this.#send({ $case: 'heartbeat', value: heartbeat });
  }

  /** @throws MoldauError INVALID_REQUEST */
  #commit({ commitId, offsets, memberEpoch = this.#toldEpoch }: MembershipCommit): void {
    assertCount('offsets', offsets.length, OFFSETS_MAX);
    if (this.#epoch === undefined) throw invalidField('commit_id', commitId, 'no commit before the member has joined');
    if (!this.#commits.open(commitId)) throw invalidField('commit_id', commitId, 'unique, and at most 100 unanswered');
    const faults = this.#deps.ends.check(offsets, this.#context);
    const forward = (found: Awaited<typeof faults>): void => {
      const good = found.size === 0 ? offsets : offsets.filter((_, at) => !found.has(at));
      const commit = { commitId, offsets: good, memberEpoch };
      this.#commits.forward({ commit, epoch: this.#epoch ?? 0, asked: offsets, faults: found });
      this.#send({ $case: 'commit', value: commit });
    };
    if (!(faults instanceof Promise)) {
      this.#inOrder(() => forward(faults));
      return;
    }
    this.#commits.wait(faults.then((found) => () => forward(found)));
  }

  /** After what is waiting for the ends of logs: what a member says is heard in its order. */
  #inOrder(action: () => void): void {
    if (this.#commits.waiting) this.#commits.wait(Promise.resolve(action));
    else action();
  }

  /** While there is no owner nothing is sent: what counts is said again when there is one. */
  #send(frame: Parameters<MemberLink['send']>[0]): void {
    if (this.#state === 'joined') this.#link?.send(frame);
  }

  #ended(error: MoldauError | undefined): void {
    if (error?.retriable === true && this.#epoch !== undefined) {
      // Its owner had no room or no time; it is a member all the same.
      this.#state = 'joining';
      this.#link?.close();
      this.#retry = this.#deps.scheduler.after(REJOIN_MS, () => {
        if (this.#state !== 'over') this.open();
      });
      return;
    }
    this.close();
    for (const commitId of this.#commits.drop()) {
      const failed = errorToItem(error ?? new MoldauError('UNKNOWN_MEMBER', 'the member has left', { group: this.#groupId }));
      this.#events.tell({ $case: 'committed', value: { commitId, error: failed, results: [] } });
    }
    this.#events.over(error);
  }
}
