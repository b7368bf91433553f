import { MoldauError, type Timer } from '@moldau/kernel';
import {
  errorToItem,
  type MembershipCommit,
  type MembershipJoin,
  type MembershipResponse,
  type OffsetResult,
  type OffsetToCommit,
  type ServerCall,
} from '@moldau/protocol';
import type { FakeCluster } from './fake-cluster.ts';

/** What a fake group knows of a member. */
interface FakeMember {
  readonly memberId: string;
  join: MembershipJoin;
  /** Undefined while it has no stream. */
  call: ServerCall<MembershipResponse> | undefined;
  epoch: number;
  /** Epoch in which each partition was given. */
  readonly held: Map<string, number>;
  /** Epoch in which each partition was asked back. */
  readonly revoking: Map<string, number>;
  session: Timer | undefined;
  processingForMs: number | undefined;
  away: boolean;
}

export interface FakeCommitted {
  readonly offset: number;
  readonly leaderEpoch: number | undefined;
  readonly metadata: string;
}

/**
 * One group: members, who holds what, and what is committed. Partitions are spread evenly and stay where they are, where that
 * is even; one that moves is asked back first.
 */
export class FakeGroup {
  readonly members = new Map<string, FakeMember>();
  readonly committed = new Map<string, FakeCommitted>();
  /** Each offset that was committed, in order. */
  readonly commits: { readonly key: string; readonly offset: number; readonly memberId: string }[] = [];
  settings = { heartbeatIntervalMs: 1_000, sessionTimeoutMs: 6_000, processingIntervalMs: 60_000 };
  readonly #cluster: FakeCluster;
  #epoch = 0;

  constructor(cluster: FakeCluster) {
    this.#cluster = cluster;
  }

  join(join: MembershipJoin, call: ServerCall<MembershipResponse>): void {
    const known = this.members.get(join.memberId);
    const before = [...this.members.values()].find(
      ({ join: { instanceId } }) => instanceId !== undefined && instanceId === join.instanceId,
    );
    const member = known ?? this.#enter(join, new Map<string, number>(before?.held));
    if (before !== undefined && before !== member) {
      before.call?.close(new MoldauError('FENCED_INSTANCE', 'a newer life of the member has joined'));
      this.#forget(before);
    }
    member.join = join;
    member.call = call;
    member.away = false;
    this.alive(member);
    const { epoch } = member;
    call.send({ frame: { $case: 'joined', value: { settings: this.settings, assignment: this.#assignment(member, epoch) } } });
    this.rebalance();
  }

  heartbeat(memberId: string, memberEpoch: number, processingForMs: number | undefined): void {
    const member = this.members.get(memberId);
    if (member === undefined) return;
    this.alive(member);
    member.processingForMs = processingForMs;
    if (processingForMs !== undefined && processingForMs > this.settings.processingIntervalMs) {
      this.remove(memberId, new MoldauError('PROCESSING_TIMED_OUT', 'it worked for too long'));
      return;
    }
    const released = [...member.revoking].filter(([, asked]) => asked <= memberEpoch).map(([key]) => key);
    for (const key of released) {
      member.revoking.delete(key);
      member.held.delete(key);
    }
    if (released.length > 0) this.#tell(member);
    this.rebalance();
  }

  subscribe(memberId: string, topicNames: readonly string[], topicPattern: string | undefined): void {
    const member = this.members.get(memberId);
    if (member === undefined) return;
    member.join = { ...member.join, topicNames: [...topicNames], topicPattern };
    this.rebalance();
  }

  leave(memberId: string, returning: boolean): void {
    const member = this.members.get(memberId);
    member?.call?.close();
    if (member === undefined) return;
    member.call = undefined;
    member.away = returning && member.join.instanceId !== undefined;
    if (!member.away) this.#forget(member);
    this.rebalance();
  }

  /** Its stream broke. */
  detach(memberId: string, call: ServerCall<MembershipResponse>): void {
    const member = this.members.get(memberId);
    if (member?.call === call) member.call = undefined;
  }

  /** The cluster ends the membership. */
  remove(memberId: string, error: MoldauError): void {
    const member = this.members.get(memberId);
    if (member === undefined) return;
    this.#forget(member);
    member.call?.close(error);
    this.rebalance();
  }

  commit(memberId: string, { commitId, offsets }: MembershipCommit): void {
    const member = this.members.get(memberId);
    const fault = this.#cluster.faults.commit?.(memberId);
    if (fault === 'silence') return;
    const results = fault === undefined ? offsets.map((offset) => this.#commitOne(member, offset)) : [];
    const error = fault === undefined ? undefined : errorToItem(fault);
    member?.call?.send({ frame: { $case: 'committed', value: { commitId, error, results } } });
  }

  alive(member: FakeMember): void {
    member.session?.cancel();
    member.session = this.#cluster.scheduler.after(
      this.settings.sessionTimeoutMs,
      () => this.remove(member.memberId, new MoldauError('MEMBER_SESSION_EXPIRED', 'nothing was heard of it')),
      { background: true },
    );
  }

  /** Asks back what is to move, and gives what is free. */
  rebalance(): void {
    const targets = this.#targets();
    const taken = new Set([...this.members.values()].flatMap(({ held }) => [...held.keys()]));
    for (const member of this.members.values()) {
      const target = targets.get(member.memberId) ?? new Set();
      const surplus = [...member.held.keys()].filter((key) => !target.has(key) && !member.revoking.has(key));
      const free = [...target].filter((key) => !taken.has(key));
      if (surplus.length === 0 && free.length === 0) continue;
      const epoch = this.#nextEpoch();
      for (const key of surplus) member.revoking.set(key, epoch);
      for (const key of free) {
        member.held.set(key, epoch);
        taken.add(key);
      }
      member.epoch = epoch;
      this.#send(member);
    }
  }

  #enter(join: MembershipJoin, held: Map<string, number>): FakeMember {
    const epoch = this.#nextEpoch();
    for (const key of held.keys()) held.set(key, epoch);
    const member: FakeMember = {
      memberId: join.memberId,
      join,
      call: undefined,
      epoch,
      held,
      revoking: new Map(),
      session: undefined,
      processingForMs: undefined,
      away: false,
    };
    this.members.set(join.memberId, member);
    return member;
  }

  #forget(member: FakeMember): void {
    member.session?.cancel();
    this.members.delete(member.memberId);
  }

  #nextEpoch(): number {
    this.#epoch += 1;
    return this.#epoch;
  }

  #tell(member: FakeMember): void {
    member.epoch = this.#nextEpoch();
    this.#send(member);
  }

  #send(member: FakeMember): void {
    member.call?.send({ frame: { $case: 'assignment', value: this.#assignment(member, member.epoch) } });
  }

  #assignment({ held, revoking }: FakeMember, memberEpoch: number) {
    const assigned = [...held.keys()].filter((key) => !revoking.has(key));
    return { memberEpoch, assigned: this.#grouped(assigned), revoking: this.#grouped([...revoking.keys()]), following: [] };
  }

  #grouped(keys: readonly string[]) {
    const topics = new Map<string, number[]>();
    for (const key of keys) {
      const [topicId = '', partition] = key.split(':');
      topics.set(
        topicId,
        [...(topics.get(topicId) ?? []), Number(partition)].sort((one, other) => one - other),
      );
    }
    return [...topics].map(([topicId, partitions]) => ({ topicId, topicName: this.#nameOf(topicId), partitions }));
  }

  #nameOf(wanted: string): string {
    return [...this.#cluster.topics.values()].find(({ topicId }) => topicId === wanted)?.name ?? '';
  }

  #targets(): ReadonlyMap<string, ReadonlySet<string>> {
    const targets = new Map([...this.members.keys()].map((memberId) => [memberId, new Set<string>()]));
    for (const topic of this.#cluster.topics.values()) {
      const members = [...this.members.values()].filter(({ join }) => wants(join, topic.name));
      const most = Math.ceil(topic.partitions.length / Math.max(1, members.length));
      const keys = topic.partitions.map(({ index }) => `${topic.topicId}:${index}`);
      const shares = new Map(
        members.map((member) => [member, keys.filter((key) => member.held.has(key) && !member.revoking.has(key)).slice(0, most)]),
      );
      const spoken = new Set([...shares.values()].flat());
      for (const key of keys.filter((each) => !spoken.has(each))) {
        const [fewest] = [...shares].sort(([, one], [, other]) => one.length - other.length);
        fewest?.[1].push(key);
      }
      for (const [member, share] of shares) for (const key of share) targets.get(member.memberId)?.add(key);
    }
    return targets;
  }

  #commitOne(member: FakeMember | undefined, { topicId, partition, offset, leaderEpoch, metadata }: OffsetToCommit): OffsetResult {
    const key = `${topicId}:${partition}`;
    if (member?.held.has(key) !== true) {
      return { topicId, partition, error: errorToItem(new MoldauError('NOT_PARTITION_OWNER', `${key} is not its own`)) };
    }
    this.committed.set(key, { offset, leaderEpoch, metadata });
    this.commits.push({ key, offset, memberId: member.memberId });
    return { topicId, partition };
  }
}

function wants({ topicNames, topicPattern }: MembershipJoin, topic: string): boolean {
  return topicNames.includes(topic) || (topicPattern !== undefined && new RegExp(`^(?:${topicPattern})$`).test(topic));
}
