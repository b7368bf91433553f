import { MoldauError, type Offset, offset } from '@moldau/kernel';
import {
  type AssignedPartitions,
  type GroupDescription,
  type GroupMemberDescription,
  type GroupPartitionLag,
  type GroupResult,
  GroupState,
  GroupType,
  itemToError,
  type ResetPosition,
} from '@moldau/protocol';
import type {
  DescribedGroup,
  DescribedMember,
  GroupDescriptionResult,
  GroupStateName,
  GroupTypeName,
  PartitionLag,
  ResetTarget,
} from './group-admin-types.ts';
import type { PartitionName } from './placement-types.ts';

const STATES: Readonly<Record<GroupState, GroupStateName>> = {
  [GroupState.UNRECOGNIZED]: 'unknown',
  [GroupState.UNSPECIFIED]: 'unknown',
  [GroupState.EMPTY]: 'empty',
  [GroupState.ASSIGNING]: 'assigning',
  [GroupState.RECONCILING]: 'reconciling',
  [GroupState.STABLE]: 'stable',
};

const TYPES: Readonly<Record<GroupType, GroupTypeName>> = {
  [GroupType.UNRECOGNIZED]: 'unknown',
  [GroupType.UNSPECIFIED]: 'unknown',
  [GroupType.OFFSETS]: 'offsets',
  [GroupType.CONSUMER]: 'consumer',
};

export function groupState(state: GroupState): GroupStateName {
  return STATES[state];
}

export function groupType(type: GroupType): GroupTypeName {
  return TYPES[type];
}

export function describedGroup({ groupId, group, error }: GroupResult): GroupDescriptionResult {
  if (error !== undefined) return { groupId, group: undefined, error: itemToError(error) };
  if (group !== undefined) return { groupId, group: described(group), error: undefined };
  return { groupId, group: undefined, error: new MoldauError('INTERNAL', `no description of group '${groupId}' came`) };
}

export function wireReset(target: ResetTarget): ResetPosition {
  if (target === 'earliest') return { position: { $case: 'earliest', value: {} } };
  if (target === 'latest') return { position: { $case: 'latest', value: {} } };
  if ('offset' in target) return { position: { $case: 'offset', value: target.offset } };
  if ('timestampMs' in target) return { position: { $case: 'timestampMs', value: target.timestampMs } };
  if ('shift' in target) return { position: { $case: 'shift', value: target.shift } };
  return { position: { $case: 'agoMs', value: target.agoMs } };
}

export function optionalOffset(value: number | undefined): Offset | undefined {
  return value === undefined ? undefined : offset(value);
}

function described(group: GroupDescription): DescribedGroup {
  const { groupId, groupEpoch, assignmentEpoch, assignor, emptySinceMs, shard, coordinatorId } = group;
  return {
    groupId,
    type: groupType(group.type),
    state: groupState(group.state),
    groupEpoch,
    assignmentEpoch,
    assignor,
    emptySinceMs,
    shard,
    coordinatorId,
    members: group.members.map(describedMember),
    partitions: group.partitions.map(partitionLag),
  };
}

function describedMember(member: GroupMemberDescription): DescribedMember {
  const { memberId, instanceId, rack, clientId, clientHost, topicNames, topicPattern, metadata, state, assignment } = member;
  return {
    memberId,
    instanceId,
    rack,
    clientId,
    clientHost,
    topics: topicNames,
    pattern: topicPattern,
    metadata,
    state,
    memberEpoch: assignment?.memberEpoch ?? 0,
    assigned: named(assignment?.assigned),
    revoking: named(assignment?.revoking),
    target: named(member.target),
    following: assignment?.following ?? [],
  };
}

function named(topics: readonly AssignedPartitions[] = []): readonly PartitionName[] {
  return topics.flatMap(({ topicName, partitions }) => partitions.map((partition) => ({ topic: topicName, partition })));
}

function partitionLag(lag: GroupPartitionLag): PartitionLag {
  const { topicId, topicName, partition, committedOffset, metadata, endOffset, lagRecords, lagMs, memberId } = lag;
  return {
    topic: topicName,
    topicId,
    partition,
    committedOffset: optionalOffset(committedOffset),
    metadata,
    endOffset: optionalOffset(endOffset),
    lagRecords,
    lagMs,
    memberId: memberId === '' ? undefined : memberId,
  };
}
