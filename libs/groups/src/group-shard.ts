import { assert, type Instants, MoldauError } from '@moldau/kernel';
import { AssignmentTask, adoptAssignment } from './consumer/assignment-task.ts';
import { refreshGroup } from './consumer/group-change.ts';
import { type HeartbeatRequest, heartbeat, isQuiet } from './consumer/heartbeat.ts';
import { type JoinResponse, joinGroup } from './consumer/join.ts';
import { type LeaveRequest, leaveGroup } from './consumer/leave.ts';
import { checkJoinRequest, checkSubscription, type JoinRequest } from './consumer/member-request.ts';
import { reconcileMembers } from './consumer/reconcile.ts';
import { rejoinGroup } from './consumer/rejoin.ts';
import { SubscriptionResolver } from './consumer/subscription-resolver.ts';
import { describeGroup, type GroupDescription, type GroupListing, listGroup } from './describe-group.ts';
import type { GroupEntry } from './group-entry.ts';
import { type GroupRef, groupFacts, parseGroupId } from './group-ref.ts';
import { type CommitRequest, commitOffsets, type PartitionOutcome } from './offsets/commit-offsets.ts';
import { type DeleteOptions, deleteGroup, deleteOffsets } from './offsets/delete-offsets.ts';
import { type FetchedOffset, type FetchOffsetsRequest, fetchOffsets } from './offsets/fetch-offsets.ts';
import { type EndTransactionRequest, endStaged, isNewEnd, type StageRequest, stageOffsets } from './offsets/transactional-offsets.ts';
import type { Operation } from './operation.ts';
import type { TopicPartitions } from './partitions/partition-map.ts';
import type { GroupStateRecord } from './record/group-state-record.ts';
import type { GroupResult, MemberNotice } from './result.ts';
import type { SettingsView } from './settings/group-settings.ts';
import { ShardExpiry } from './shard-expiry.ts';
import { ShardState } from './shard-state.ts';
import { checkStreamsProfile } from './streams/streams-profile.ts';
import { MemberTimers } from './timers/member-timers.ts';
import type { TopicsView } from './topics-view.ts';

/** What a shard is given. Both views show the present, whenever they are asked. */
export interface GroupShardOptions {
  readonly topics: TopicsView;
  readonly settings: SettingsView;
}

/**
 * A shard of groups and offsets: operations give records and a response, records give the state. It knows no clock, no network
 * and no log. To load one, `replay` all its records in order, then `begin`; from then on `assign`, `reconcile` and `expire` are
 * called when there is something to do, and operations as they come.
 */
export class GroupShard {
  readonly #options: GroupShardOptions;
  readonly #state = new ShardState();
  readonly #timers = new MemberTimers();
  readonly #resolver = new SubscriptionResolver();
  readonly #expiry: ShardExpiry;

  constructor(options: GroupShardOptions) {
    this.#options = options;
    this.#expiry = new ShardExpiry(this.#state, this.#timers);
  }

  /** Takes a record of the log. */
  replay(record: GroupStateRecord): void {
    this.#state.replay(record);
  }

  /** The shard is loaded: every member has a whole session from now. */
  begin(now: Instants): void {
    this.#expiry.begin(now, this.#options.settings);
  }

  /** Records that describe the shard as it is. */
  snapshot(): Iterable<GroupStateRecord> {
    return this.#state.snapshot();
  }

  /** @throws MoldauError INVALID_GROUP_ID, INVALID_TOPIC_NAME, INVALID_TOPIC_PATTERN, INVALID_REQUEST, GROUP_FULL, GROUP_KIND_MISMATCH */
  join(now: Instants, request: JoinRequest): GroupResult<JoinResponse> {
    const checked = checkJoinRequest(request);
    return this.#in(now, request.group, (op, entry) => joinGroup(op, entry, checked));
  }

  /**
   * As `join` of a member whose session goes on; `memberEpoch` is what it names in heartbeats.
   *
   * @throws MoldauError UNKNOWN_MEMBER, FENCED_MEMBER_EPOCH, INVALID_TOPIC_NAME, INVALID_TOPIC_PATTERN, INVALID_REQUEST
   */
  rejoin(now: Instants, request: JoinRequest, memberEpoch: number): GroupResult<JoinResponse> {
    const checked = checkJoinRequest(request);
    return this.#in(now, request.group, (op, entry) => rejoinGroup(op, entry, checked, memberEpoch));
  }

  /** @throws MoldauError UNKNOWN_MEMBER, FENCED_MEMBER_EPOCH, INVALID_TOPIC_NAME, INVALID_TOPIC_PATTERN, INVALID_REQUEST */
  heartbeat(now: Instants, request: HeartbeatRequest): GroupResult<undefined> {
    const subscription = request.subscription && checkSubscription(request.subscription);
    if (request.streams !== undefined) checkStreamsProfile(request.streams);
    return this.#in(now, request.group, (op, entry) => {
      heartbeat(op, entry, { ...request, subscription });
      return undefined;
    });
  }

  /** Whether that heartbeat would be taken and write nothing: then nothing of it has to be committed. */
  isQuiet(request: HeartbeatRequest): boolean {
    const entry = this.#state.get(request.group);
    return entry !== undefined && isQuiet(entry, request);
  }

  /** The connection of a member broke: it has a whole session from now to come back. */
  prolong(now: Instants, group: GroupRef, memberId: string): void {
    const { sessionTimeoutMs } = this.#options.settings.settingsOf(group);
    if (this.#timers.has(group, memberId, 'session')) this.#timers.set(group, memberId, 'session', now.monotonicMs + sessionTimeoutMs);
  }

  /** @throws MoldauError UNKNOWN_MEMBER, FENCED_MEMBER_EPOCH */
  leave(now: Instants, request: LeaveRequest): GroupResult<undefined> {
    return this.#in(now, request.group, (op, entry) => {
      leaveGroup(op, entry, request);
      return undefined;
    });
  }

  /** @throws MoldauError INVALID_GROUP_ID, UNKNOWN_MEMBER, FENCED_MEMBER_EPOCH, GROUP_NOT_EMPTY, INVALID_REQUEST */
  commitOffsets(now: Instants, request: CommitRequest): GroupResult<readonly PartitionOutcome[]> {
    return this.#in(now, request.group, (op, entry) => commitOffsets(op, entry, request));
  }

  /** @throws MoldauError those of `commitOffsets`, FENCED_PRODUCER, CONCURRENT_CHANGE */
  stageOffsets(now: Instants, request: StageRequest): GroupResult<readonly PartitionOutcome[]> {
    const ended = this.#state.ended.get(request.producerId);
    return this.#in(now, request.group, (op, entry) => stageOffsets(op, entry, request, ended));
  }

  /**
   * A transaction ended: in all groups of the shard what it staged is committed or dropped. Idempotent.
   *
   * @throws MoldauError FENCED_PRODUCER, FENCED_SHARD
   */
  endTransaction(now: Instants, request: EndTransactionRequest): GroupResult<undefined> {
    const { producerId, producerEpoch, shardEpoch } = request;
    const isNew = isNewEnd(request, this.#state.ended.get(producerId));
    return this.#run(now, (op) => {
      if (!isNew) return undefined;
      for (const entry of this.#state.stagedIn(producerId)) endStaged(op, entry, request);
      op.emit({ type: 'producer', producerId, value: { producerEpoch, shardEpoch, endedAtMs: now.wallMs } });
      return undefined;
    });
  }

  /** @throws MoldauError UNKNOWN_MEMBER, FENCED_MEMBER_EPOCH */
  fetchOffsets(request: FetchOffsetsRequest): readonly FetchedOffset[] {
    return fetchOffsets(this.#state.get(request.group), request);
  }

  /** @throws MoldauError UNKNOWN_GROUP */
  deleteOffsets(
    now: Instants,
    group: GroupRef,
    partitions: TopicPartitions,
    options: DeleteOptions = { dryRun: false },
  ): GroupResult<readonly PartitionOutcome[]> {
    const entry = this.#known(group);
    return this.#run(now, (op) => deleteOffsets(op, entry, partitions, options));
  }

  /** @throws MoldauError UNKNOWN_GROUP, GROUP_NOT_EMPTY, CONCURRENT_CHANGE */
  deleteGroup(now: Instants, group: GroupRef, options: DeleteOptions = { dryRun: false }): GroupResult<undefined> {
    const entry = this.#known(group);
    return this.#run(now, (op) => {
      deleteGroup(op, entry, options);
      return undefined;
    });
  }

  /** @throws MoldauError UNKNOWN_GROUP */
  describe(group: GroupRef): GroupDescription {
    return describeGroup(this.#known(group));
  }

  *list(): Generator<GroupListing> {
    for (const entry of this.#state.groups.values()) yield listGroup(entry);
  }

  /** Topics or settings may have changed: the group takes notice. To be called for each group of `list`, some at a time. */
  refresh(now: Instants, group: GroupRef): GroupResult<undefined> {
    return this.#run(now, (op) => {
      const entry = this.#state.get(group);
      if (entry !== undefined) refreshGroup(op, entry);
      return undefined;
    });
  }

  /** Groups whose targets are to be computed. One task per group at a time; more changes meanwhile cost one more task, not each one. */
  groupsToAssign(): readonly GroupRef[] {
    return this.#state.unassigned().map((entry) => entry.group);
  }

  /** @throws MoldauError UNKNOWN_GROUP */
  beginAssignment(group: GroupRef): AssignmentTask {
    const { topics, settings } = this.#options;
    return new AssignmentTask(this.#known(group), { topics, settings: settings.settingsOf(group), resolver: this.#resolver });
  }

  /** A task is done: what it computed is to be held from now on, and `reconcile` gets there. */
  adoptAssignment(now: Instants, task: AssignmentTask): GroupResult<undefined> {
    return this.#run(now, (op) => {
      const entry = this.#state.get(task.group);
      if (entry !== undefined) adoptAssignment(op, entry, task);
      return undefined;
    });
  }

  /** Whether `reconcile` has something to look at. */
  get unreconciled(): boolean {
    for (const _entry of this.#state.unreconciled) return true;
    return false;
  }

  /** Brings members of one group closer to their targets, at most `membersMax`; to be called again as long as `unreconciled`. */
  reconcile(now: Instants, membersMax: number): GroupResult<undefined> {
    return this.#run(now, (op) => {
      for (const entry of this.#state.unreconciled) {
        reconcileMembers(op, entry, membersMax);
        if (entry.consumer.unreconciled.size === 0) this.#state.reconciled(entry);
        break;
      }
      return undefined;
    });
  }

  /** A moment, by the monotonic clock, before which `expire` has nothing to do. */
  nextDeadlineMs(): number | undefined {
    return this.#expiry.nextDeadlineMs();
  }

  /** Whether `expire` has something to do at `nowMs`, by the monotonic clock. */
  isDue(nowMs: number): boolean {
    return this.#expiry.isDue(nowMs);
  }

  /** Removes members whose time is over and offsets that expired: a bounded part, the rest is due at once. */
  expire(now: Instants): GroupResult<undefined> {
    return this.#run(now, (op) => {
      this.#expiry.expire(op);
      return undefined;
    });
  }

  /** Checks what follows from the records against them; for tests. */
  verify(): void {
    for (const entry of this.#state.groups.values()) {
      assert(!entry.vacant, 'a group of which nothing is left is forgotten', { ...groupFacts(entry.group) });
      entry.consumer.verify();
    }
  }

  #known(group: GroupRef): GroupEntry {
    const entry = this.#state.get(group);
    if (entry === undefined)
      throw new MoldauError('UNKNOWN_GROUP', `no group '${group.groupId}' in namespace '${group.namespace}'`, groupFacts(group));
    return entry;
  }

  /** Runs an operation that may make the group. */
  #in<Response>(now: Instants, group: GroupRef, body: (op: Operation, entry: GroupEntry) => Response): GroupResult<Response> {
    parseGroupId(group.groupId);
    const entry = this.#state.open(group);
    try {
      return this.#run(now, (op) => body(op, entry));
    } finally {
      this.#state.close(entry);
    }
  }

  #run<Response>(now: Instants, body: (op: Operation) => Response): GroupResult<Response> {
    const records: GroupStateRecord[] = [];
    const notices: MemberNotice[] = [];
    const { topics, settings } = this.#options;
    const emit = (record: GroupStateRecord): void => {
      this.#state.replay(record);
      records.push(record);
    };
    const notify = (notice: MemberNotice): void => {
      notices.push(notice);
    };
    try {
      const response = body({ now, topics, settings, timers: this.#timers, resolver: this.#resolver, emit, notify });
      return { records, response, notices };
    } catch (error) {
      assert(records.length === 0, 'an operation that changed the state does not fail', { cause: String(error) });
      throw error;
    }
  }
}
