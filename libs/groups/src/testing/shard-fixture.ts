import { DEFAULT_NAMESPACE, type Instants, type PartitionIndex } from '@moldau/kernel';
import type { JoinRequest } from '../consumer/member-request.ts';
import { GroupShard } from '../group-shard.ts';
import type { OffsetToCommit } from '../offsets/commit-offsets.ts';
import type { GroupResult, MemberAssignment, MemberNotice } from '../result.ts';
import { DEFAULT_GROUP_SETTINGS, type GroupSettings } from '../settings/group-settings.ts';
import type { TopicView } from '../topics-view.ts';
import { ModelTopics } from './model-topics.ts';
import { RecordLog } from './record-log.ts';

export const GROUP = { namespace: DEFAULT_NAMESPACE, groupId: 'readers' };
const TOPIC_ID = '11111111-1111-4111-8111-111111111111';

/** A shard with one topic of four partitions, a clock to be moved, and members that answer at once. */
export class ShardFixture {
  readonly topics = new ModelTopics();
  readonly topic: TopicView = this.topics.put(DEFAULT_NAMESPACE, 'flights', TOPIC_ID, 4);
  settings: GroupSettings = DEFAULT_GROUP_SETTINGS;
  nowMs = 0;
  readonly notices: MemberNotice[] = [];
  readonly log: RecordLog;
  shard: GroupShard;

  constructor() {
    const options = { topics: this.topics, settings: { settingsOf: () => this.settings } };
    this.log = new RecordLog(options);
    this.shard = new GroupShard(options);
    this.shard.begin(this.now());
  }

  now(): Instants {
    return { monotonicMs: this.nowMs, wallMs: 1_700_000_000_000 + this.nowMs };
  }

  take<Response>(result: GroupResult<Response>): Response {
    this.log.append(result.records);
    this.notices.push(...result.notices);
    return result.response;
  }

  join(memberId: string, more: Partial<JoinRequest> = {}): MemberAssignment {
    return this.take(this.shard.join(this.now(), this.#request(memberId, more))).assignment;
  }

  rejoin(memberId: string, memberEpoch: number, more: Partial<JoinRequest> = {}): void {
    this.take(this.shard.rejoin(this.now(), this.#request(memberId, more), memberEpoch));
  }

  #request(memberId: string, more: Partial<JoinRequest>): JoinRequest {
    const said = { instanceId: undefined, rack: undefined, clientId: 'client', clientHost: 'host', metadata: new Uint8Array([7]) };
    return {
      group: GROUP,
      memberId,
      topicNames: ['flights'],
      topicPattern: undefined,
      rebalanceTimeoutMs: 5_000,
      attempt: 0,
      ...said,
      ...more,
    };
  }

  beat(memberId: string, memberEpoch: number, processingForMs?: number): void {
    const request = { group: GROUP, memberId, memberEpoch, processingForMs, subscription: undefined };
    this.take(this.shard.heartbeat(this.now(), request));
  }

  /** Targets are computed, and everybody is brought as far as it goes without an answer. */
  work(): void {
    for (const group of this.shard.groupsToAssign()) {
      const task = this.shard.beginAssignment(group);
      while (!task.step());
      this.take(this.shard.adoptAssignment(this.now(), task));
    }
    while (this.shard.unreconciled) this.take(this.shard.reconcile(this.now(), 10));
  }

  /** Members answer what they are told until everybody has what it is to have. */
  settle(): void {
    for (let round = 0; round < 4; round++) {
      this.work();
      for (const { memberId, state } of this.shard.describe(GROUP).memberList) {
        if (state.tag !== 'away') this.beat(memberId, this.held(memberId).memberEpoch);
      }
    }
  }

  held(memberId: string): MemberAssignment {
    const member = this.shard.describe(GROUP).memberList.find((each) => each.memberId === memberId);
    if (member === undefined) throw new RangeError(`no member ${memberId}`);
    return member.assignment;
  }

  partitions(memberId: string): readonly number[] {
    return this.held(memberId).assigned.get(this.topic.topicId) ?? [];
  }

  passTime(ms: number): void {
    this.nowMs += ms;
    while ((this.shard.nextDeadlineMs() ?? Number.POSITIVE_INFINITY) <= this.nowMs) this.take(this.shard.expire(this.now()));
  }

  /** What a member would commit. */
  offsetOf(partition: number, offset: number, more: Partial<OffsetToCommit> = {}): OffsetToCommit {
    const place = { topicId: this.topic.topicId, partition: partition as PartitionIndex };
    return { ...place, offset, leaderEpoch: undefined, metadata: '', retentionMs: undefined, ...more };
  }

  committed(partition: number, stable = false): number | string | undefined {
    const partitions = new Map([[this.topic.topicId, [partition as PartitionIndex]]]);
    const [fetched] = this.shard.fetchOffsets({ group: GROUP, partitions, stable, member: undefined });
    return fetched?.error?.reason ?? fetched?.committed?.offset;
  }
}

/** The name of the error that `body` throws. */
export function reasonOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    return error instanceof Error && 'reason' in error ? String(error.reason) : String(error);
  }
  return 'nothing';
}
