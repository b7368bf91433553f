import { assert, MoldauError, type PartitionIndex, type TopicId } from '@moldau/kernel';
import type { GroupMembers } from '../group-members.ts';
import { type GroupRef, groupFacts } from '../group-ref.ts';
import { epochOf, NO_EPOCHED_PARTITIONS, PartitionOwners, type TopicPartitions } from '../partitions/partition-map.ts';
import { compileTopicPattern, type TopicPattern } from '../pattern/topic-pattern.ts';
import type { ConsumerRecord, Holding, MemberProfile } from '../record/group-state-record.ts';
import type { TopicView } from '../topics-view.ts';
import { matchesPattern, type Subscription, signatureOf } from './subscription-resolver.ts';

/** A member, as its three records describe it. */
export interface ConsumerMember {
  readonly memberId: string;
  readonly profile: MemberProfile | undefined;
  readonly target: TopicPartitions | undefined;
  /** Tasks of a stream application that it is to follow. */
  readonly following: readonly string[];
  readonly holding: Holding | undefined;
}

/** A member of which all that one has is known. */
export interface JoinedMember extends ConsumerMember {
  readonly profile: MemberProfile;
  readonly holding: Holding;
}

/** A subscription that several members may have. */
interface SharedSubscription extends Subscription {
  sharers: number;
  compiled: TopicPattern | undefined;
}

/** Members of a consumer group. Its state changes by `replay` alone; owners and what is left to do follow from the records. */
export class ConsumerMembers implements GroupMembers {
  readonly group: GroupRef;
  readonly #members = new Map<string, ConsumerMember>();
  readonly #instances = new Map<string, string>();
  readonly #owners = new PartitionOwners();
  readonly #targetOwners = new PartitionOwners();
  readonly #unreconciled = new Set<string>();
  readonly #subscriptions = new Map<string, SharedSubscription>();
  #size = 0;
  #highestEpoch = 0;

  constructor(group: GroupRef) {
    this.group = group;
  }

  get size(): number {
    return this.#size;
  }

  get highestEpoch(): number {
    return this.#highestEpoch;
  }

  get vacant(): boolean {
    return this.#members.size === 0;
  }

  /** Members whose holding may have to change; taken off the list when somebody has looked. */
  get unreconciled(): ReadonlySet<string> {
    return this.#unreconciled;
  }

  reconciled(memberId: string): void {
    this.#unreconciled.delete(memberId);
  }

  /** A member that joined and did not leave. */
  get(memberId: string): JoinedMember | undefined {
    const member = this.#members.get(memberId);
    if (member?.profile === undefined) return undefined;
    const { profile, target, following } = member;
    const holding = member.holding ?? { memberEpoch: profile.joinedEpoch, held: NONE, revoking: NONE, away: false };
    return { memberId, profile, target, following, holding };
  }

  *joined(): Generator<JoinedMember> {
    for (const memberId of this.#members.keys()) {
      const member = this.get(memberId);
      if (member !== undefined) yield member;
    }
  }

  byInstance(instanceId: string): JoinedMember | undefined {
    const memberId = this.#instances.get(instanceId);
    return memberId === undefined ? undefined : this.get(memberId);
  }

  /** Who has the partition, or was asked for it and has not given it up. */
  ownerOf(topicId: TopicId, partition: PartitionIndex): string | undefined {
    return this.#owners.get(topicId, partition);
  }

  /** Different subscriptions, by their signatures. */
  signatures(): ReadonlyMap<string, Subscription> {
    return this.#subscriptions;
  }

  subscribesTo(topic: TopicView): boolean {
    if (topic.namespace !== this.group.namespace) return false;
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.topicNames.includes(topic.name)) return true;
      if (subscription.topicPattern === undefined) continue;
      subscription.compiled ??= compileTopicPattern(subscription.topicPattern);
      if (matchesPattern(topic, subscription.compiled)) return true;
    }
    return false;
  }

  checkMember(memberId: string, memberEpoch: number): JoinedMember {
    const member = this.get(memberId);
    const facts = { ...groupFacts(this.group), member: memberId };
    if (member === undefined || member.holding.away) {
      throw new MoldauError('UNKNOWN_MEMBER', `group '${this.group.groupId}' has no member '${memberId}'`, facts);
    }
    const { profile, holding } = member;
    if (!(memberEpoch >= profile.joinedEpoch && memberEpoch <= holding.memberEpoch)) {
      throw new MoldauError('FENCED_MEMBER_EPOCH', `member epoch ${memberEpoch} of '${memberId}' is not of this life`, {
        ...facts,
        member_epoch: String(memberEpoch),
        limit: `${profile.joinedEpoch} to ${holding.memberEpoch}`,
      });
    }
    return member;
  }

  ownsSince(memberId: string, memberEpoch: number, topicId: TopicId, partition: PartitionIndex): boolean {
    const holding = this.get(memberId)?.holding;
    if (holding === undefined || holding.away || this.#owners.get(topicId, partition) !== memberId) return false;
    const since = epochOf(holding.held, topicId, partition);
    return since !== undefined && memberEpoch >= since && memberEpoch <= holding.memberEpoch;
  }

  replay(record: ConsumerRecord): void {
    const { memberId } = record;
    const before = this.#members.get(memberId) ?? { memberId, profile: undefined, target: undefined, following: [], holding: undefined };
    switch (record.type) {
      case 'member':
        this.#replayProfile(before, record.value);
        break;
      case 'target':
        this.#replayTarget({ ...before, following: record.following ?? [] }, record.value);
        break;
      case 'holding':
        this.#replayHolding(before, record.value);
        break;
    }
  }

  *snapshot(): Generator<ConsumerRecord> {
    const { group } = this;
    for (const { memberId, profile, target, following, holding } of this.#members.values()) {
      if (profile !== undefined) yield { type: 'member', group, memberId, value: profile };
      if (target !== undefined) yield { type: 'target', group, memberId, value: target, following };
      if (holding !== undefined) yield { type: 'holding', group, memberId, value: holding };
    }
  }

  /** Checks what follows from the records against them; for tests. */
  verify(): void {
    const owned = new PartitionOwners();
    let count = 0;
    for (const { memberId, holding } of this.#members.values()) {
      for (const { topicId, partition } of heldPartitions(holding)) {
        const other = owned.get(topicId, partition);
        assert(other === undefined, 'a partition has one owner', { topic_id: topicId, partition, memberId, other });
        assert(this.#owners.get(topicId, partition) === memberId, 'owners are those that hold', { topic_id: topicId, partition, memberId });
        owned.set(topicId, partition, memberId);
        count++;
      }
    }
    assert([...this.#owners.entries()].length === count, 'nothing that nobody holds has an owner', { count });
  }

  #put(member: ConsumerMember): void {
    const { memberId, profile, target, holding } = member;
    if (profile !== undefined || target !== undefined || holding !== undefined) this.#members.set(memberId, member);
    else {
      this.#members.delete(memberId);
      this.#unreconciled.delete(memberId);
    }
  }

  #replayProfile(before: ConsumerMember, profile: MemberProfile | undefined): void {
    const { memberId } = before;
    this.#size += Number(profile !== undefined) - Number(before.profile !== undefined);
    if (before.profile !== undefined) this.#unshare(signatureOf(before.profile));
    if (profile !== undefined) this.#share(profile);
    const instanceId = before.profile?.instanceId;
    if (instanceId !== undefined && this.#instances.get(instanceId) === memberId) this.#instances.delete(instanceId);
    if (profile?.instanceId !== undefined) this.#instances.set(profile.instanceId, memberId);
    this.#highestEpoch = Math.max(this.#highestEpoch, profile?.joinedEpoch ?? 0);
    this.#put({ ...before, profile });
  }

  #share({ topicNames, topicPattern }: Subscription): void {
    const signature = signatureOf({ topicNames, topicPattern });
    const shared = this.#subscriptions.get(signature);
    if (shared === undefined) this.#subscriptions.set(signature, { topicNames, topicPattern, sharers: 1, compiled: undefined });
    else shared.sharers++;
  }

  #unshare(signature: string): void {
    const shared = this.#subscriptions.get(signature);
    if (shared !== undefined && --shared.sharers === 0) this.#subscriptions.delete(signature);
  }

  #replayTarget(before: ConsumerMember, target: TopicPartitions | undefined): void {
    const { memberId } = before;
    for (const [topicId, partitions] of before.target ?? []) {
      for (const partition of partitions) this.#targetOwners.remove(topicId, partition, memberId);
    }
    for (const [topicId, partitions] of target ?? []) {
      for (const partition of partitions) this.#targetOwners.set(topicId, partition, memberId);
    }
    this.#unreconciled.add(memberId);
    this.#put({ ...before, target });
  }

  #replayHolding(before: ConsumerMember, holding: Holding | undefined): void {
    const { memberId } = before;
    for (const { topicId, partition } of heldPartitions(holding)) this.#owners.set(topicId, partition, memberId);
    for (const { topicId, partition } of heldPartitions(before.holding)) {
      if (holding !== undefined && epochOf(holding.held, topicId, partition) !== undefined) continue;
      if (!this.#owners.remove(topicId, partition, memberId)) continue;
      const next = this.#targetOwners.get(topicId, partition);
      if (next !== undefined) this.#unreconciled.add(next);
    }
    if (before.holding?.away === true) this.#unreconciled.add(memberId);
    this.#highestEpoch = Math.max(this.#highestEpoch, holding?.memberEpoch ?? 0);
    this.#put({ ...before, holding });
  }
}

const NONE = NO_EPOCHED_PARTITIONS;

function* heldPartitions(holding: Holding | undefined): Generator<{ readonly topicId: TopicId; readonly partition: PartitionIndex }> {
  for (const [topicId, partitions] of holding?.held ?? []) {
    for (const partition of partitions.keys()) yield { topicId, partition };
  }
}
