import {
  type CommitRequest,
  type Committer,
  type FetchedOffset,
  type GroupDescription,
  type GroupListing,
  type GroupRef,
  type GroupSettings,
  type GroupStateName,
  type MemberAssignment,
  type MemberDescription,
  type OffsetToCommit,
  type PartitionOutcome,
  type TopicPartitions,
  type TopicsView,
  wireTask,
} from '@moldau/groups';
import { type LeaderEpoch, type PartitionIndex, parseNamespace, type TopicId } from '@moldau/kernel';
import {
  type CallOrigin,
  errorToItem,
  type GroupMember,
  GroupState,
  GroupType,
  type AssignedPartitions as WireAssigned,
  type MembershipAssignment as WireAssignment,
  type CommittedOffset as WireCommitted,
  type GroupDescription as WireDescription,
  type GroupListing as WireListing,
  type GroupMemberDescription as WireMember,
  type OffsetToCommit as WireOffset,
  type TopicIdPartitions as WirePartitions,
  type OffsetResult as WireResult,
  type MembershipSettings as WireSettings,
} from '@moldau/protocol';

/** The group of a call, in the caller's namespace. Its name is checked by the state machine. */
export function groupOf(origin: CallOrigin | undefined, groupId: string): GroupRef {
  return { namespace: parseNamespace(origin?.namespace ?? ''), groupId };
}

export function committerOf(member: GroupMember | undefined): Committer {
  return member === undefined ? { type: 'admin' } : { type: 'member', memberId: member.memberId, memberEpoch: member.memberEpoch };
}

/** Ids and indexes as they came: those of no topic are refused one by one. */
export function offsetsOf(offsets: readonly WireOffset[]): readonly OffsetToCommit[] {
  return offsets.map(({ topicId, partition, offset, leaderEpoch, metadata, retentionMs }) => {
    const place = { topicId: topicId as TopicId, partition: partition as PartitionIndex };
    return { ...place, offset, leaderEpoch: leaderEpoch as LeaderEpoch | undefined, metadata, retentionMs };
  });
}

export function commitRequestOf(
  origin: CallOrigin | undefined,
  request: { readonly groupId: string; readonly member?: GroupMember | undefined; readonly offsets: readonly WireOffset[] },
): CommitRequest {
  return { group: groupOf(origin, request.groupId), committer: committerOf(request.member), offsets: offsetsOf(request.offsets) };
}

/** Partitions as they came, each once, indexes rising. */
export function partitionsOf(topics: readonly WirePartitions[]): TopicPartitions {
  const partitions = new Map<TopicId, Set<number>>();
  for (const { topicId, partitions: indexes } of topics) {
    const known = partitions.get(topicId as TopicId);
    if (known === undefined) partitions.set(topicId as TopicId, new Set(indexes));
    else for (const index of indexes) known.add(index);
  }
  const rising = (indexes: ReadonlySet<number>): PartitionIndex[] => [...indexes].sort((one, other) => one - other) as PartitionIndex[];
  return new Map([...partitions].map(([topicId, indexes]) => [topicId, rising(indexes)]));
}

export function toResults(outcomes: readonly PartitionOutcome[]): WireResult[] {
  return outcomes.map(({ topicId, partition, error }) => ({ topicId, partition, error: error && errorToItem(error) }));
}

export function toCommitted({ topicId, partition, committed, error }: FetchedOffset, topics: TopicsView): WireCommitted {
  return {
    topicId,
    topicName: topics.byId(topicId)?.name ?? '',
    partition,
    offset: committed?.offset,
    leaderEpoch: committed?.leaderEpoch,
    metadata: committed?.metadata ?? '',
    committedAtMs: committed?.committedAtMs,
    error: error && errorToItem(error),
  };
}

export function toPartitions(partitions: TopicPartitions, topics: TopicsView): WireAssigned[] {
  return [...partitions].map(([topicId, indexes]) => {
    return { topicId, topicName: topics.byId(topicId)?.name ?? '', partitions: [...indexes] };
  });
}

export function toAssignment({ memberEpoch, assigned, revoking, following = [] }: MemberAssignment, topics: TopicsView): WireAssignment {
  return {
    memberEpoch,
    assigned: toPartitions(assigned, topics),
    revoking: toPartitions(revoking, topics),
    following: following.map(wireTask),
  };
}

type MemberSettings = Pick<GroupSettings, 'heartbeatIntervalMs' | 'sessionTimeoutMs' | 'processingIntervalMs'>;

export function toSettings({ heartbeatIntervalMs, sessionTimeoutMs, processingIntervalMs }: MemberSettings): WireSettings {
  return { heartbeatIntervalMs, sessionTimeoutMs, processingIntervalMs };
}

const STATES: Readonly<Record<GroupStateName, GroupState>> = {
  empty: GroupState.EMPTY,
  assigning: GroupState.ASSIGNING,
  reconciling: GroupState.RECONCILING,
  stable: GroupState.STABLE,
};

const TYPES: Readonly<Record<GroupListing['kind'], GroupType>> = { offsets: GroupType.OFFSETS, consumer: GroupType.CONSUMER };

export function toListing({ group, kind, state, members }: GroupListing): WireListing {
  return { groupId: group.groupId, type: TYPES[kind], state: STATES[state], members };
}

/** The group without its offsets. */
export function toDescription(described: GroupDescription, topics: TopicsView): Omit<WireDescription, 'shard' | 'coordinatorId'> {
  const { group, kind, state, groupEpoch, assignmentEpoch, assignor, emptySinceMs, memberList } = described;
  const members = memberList.map((member) => toMember(member, topics));
  members.sort((one, other) => (one.memberId < other.memberId ? -1 : 1));
  return {
    ...{ groupId: group.groupId, type: TYPES[kind], state: STATES[state], groupEpoch, assignmentEpoch, assignor, emptySinceMs },
    members,
    partitions: [],
  };
}

function toMember(member: MemberDescription, topics: TopicsView): WireMember {
  const { memberId, instanceId, rack, clientId, clientHost, topicNames, topicPattern, metadata, stateText } = member;
  return {
    ...{ memberId, instanceId, rack, clientId, clientHost, topicNames: [...topicNames], topicPattern, metadata, state: stateText },
    assignment: toAssignment(member.assignment, topics),
    target: toPartitions(member.target, topics),
  };
}
