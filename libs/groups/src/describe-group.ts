import { describeState, type MemberState, memberState } from './consumer/member-state.ts';
import { assignmentOf } from './consumer/reconcile.ts';
import type { GroupEntry } from './group-entry.ts';
import type { GroupRef } from './group-ref.ts';
import { NO_TOPIC_PARTITIONS, type TopicPartitions } from './partitions/partition-map.ts';
import type { GroupKindName } from './record/group-state-record.ts';
import type { MemberAssignment } from './result.ts';

/**
 * Where a group stands: `empty` has no members; `assigning` waits for its targets; `reconciling` has members that do not hold
 * them yet.
 */
export type GroupStateName = 'empty' | 'assigning' | 'reconciling' | 'stable';

export interface GroupListing {
  readonly group: GroupRef;
  readonly kind: GroupKindName;
  readonly state: GroupStateName;
  readonly members: number;
}

export interface MemberDescription {
  readonly memberId: string;
  readonly instanceId: string | undefined;
  readonly rack: string | undefined;
  readonly clientId: string;
  readonly clientHost: string;
  readonly topicNames: readonly string[];
  readonly topicPattern: string | undefined;
  readonly metadata: Uint8Array;
  readonly state: MemberState;
  /** The state in words. */
  readonly stateText: string;
  readonly assignment: MemberAssignment;
  readonly target: TopicPartitions;
}

export interface GroupDescription extends GroupListing {
  readonly groupEpoch: number;
  readonly assignmentEpoch: number;
  readonly assignor: string;
  /** Since when it has no members, milliseconds since the Unix epoch. */
  readonly emptySinceMs: number | undefined;
  readonly memberList: readonly MemberDescription[];
}

export function listGroup(entry: GroupEntry): GroupListing {
  return { group: entry.group, kind: entry.value?.kind ?? 'offsets', state: stateOf(entry), members: entry.memberCount };
}

export function describeGroup(entry: GroupEntry): GroupDescription {
  const { value } = entry;
  return {
    ...listGroup(entry),
    groupEpoch: value?.groupEpoch ?? 0,
    assignmentEpoch: value?.assignmentEpoch ?? 0,
    assignor: value?.assignor ?? '',
    emptySinceMs: value?.emptySinceMs,
    memberList: [...entry.consumer.joined()].map(({ memberId, profile, target, holding }) => {
      const { instanceId, rack, clientId, clientHost, topicNames, topicPattern, metadata } = profile;
      const state = memberState(target, holding);
      return {
        ...{ memberId, instanceId, rack, clientId, clientHost, topicNames, topicPattern, metadata, state },
        ...{ stateText: describeState(state), assignment: assignmentOf(holding), target: target ?? NO_TOPIC_PARTITIONS },
      };
    }),
  };
}

function stateOf(entry: GroupEntry): GroupStateName {
  const { value } = entry;
  if (value === undefined || entry.memberCount === 0) return 'empty';
  if (value.groupEpoch > value.assignmentEpoch) return 'assigning';
  for (const { target, holding } of entry.consumer.joined()) {
    const { tag } = memberState(target, holding);
    if (tag !== 'stable' && tag !== 'away') return 'reconciling';
  }
  return 'stable';
}
