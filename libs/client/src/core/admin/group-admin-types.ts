import type { MoldauError, Offset } from '@moldau/kernel';
import type { StreamsTaskName } from '../group/group-types.ts';
import type { PartitionName } from './placement-types.ts';

/** `empty`: without members; `assigning`: who reads what is being worked out; `reconciling`: some do not hold yet what they are to. */
export type GroupStateName = 'unknown' | 'empty' | 'assigning' | 'reconciling' | 'stable';

/** `offsets`: it never had a member; `consumer`: members share partitions. */
export type GroupTypeName = 'unknown' | 'offsets' | 'consumer';

/** One line of the list of groups. */
export interface ListedGroup {
  readonly groupId: string;
  readonly type: GroupTypeName;
  readonly state: GroupStateName;
  readonly members: number;
}

export interface DescribedMember {
  readonly memberId: string;
  readonly instanceId: string | undefined;
  readonly rack: string | undefined;
  readonly clientId: string;
  readonly clientHost: string;
  readonly topics: readonly string[];
  readonly pattern: string | undefined;
  readonly metadata: Uint8Array;
  /** Where it stands between what it holds and what it is to hold, in words. */
  readonly state: string;
  readonly memberEpoch: number;
  /** Reads now. */
  readonly assigned: readonly PartitionName[];
  /** Is giving up. */
  readonly revoking: readonly PartitionName[];
  /** Is to hold in the end. */
  readonly target: readonly PartitionName[];
  /** Tasks of a stream application whose state it keeps up to date. */
  readonly following: readonly StreamsTaskName[];
}

/** How far a group has come in one partition. */
export interface PartitionLag extends PartitionName {
  readonly topicId: string;
  /** Undefined: none is. */
  readonly committedOffset: Offset | undefined;
  /** Noted with it. */
  readonly metadata: string;
  /** End of what readers see; undefined while the partition has no leader. */
  readonly endOffset: Offset | undefined;
  /** Records from the committed offset to the end. */
  readonly lagRecords: number | undefined;
  /** Age of the first record that is not committed, true to a second. */
  readonly lagMs: number | undefined;
  /** Who holds it. */
  readonly memberId: string | undefined;
}

export interface DescribedGroup {
  readonly groupId: string;
  readonly type: GroupTypeName;
  readonly state: GroupStateName;
  readonly groupEpoch: number;
  readonly assignmentEpoch: number;
  readonly assignor: string;
  /** Since when it has no members, milliseconds since the Unix epoch. */
  readonly emptySinceMs: number | undefined;
  /** Shard that keeps it, and the coordinator that owns that. */
  readonly shard: number;
  readonly coordinatorId: string;
  readonly members: readonly DescribedMember[];
  /** Empty where only members were asked for. */
  readonly partitions: readonly PartitionLag[];
}

/** A group, or why it can't be described. */
export type GroupDescriptionResult =
  | { readonly groupId: string; readonly group: DescribedGroup; readonly error: undefined }
  | { readonly groupId: string; readonly group: undefined; readonly error: MoldauError };

export interface GroupOutcome {
  readonly groupId: string;
  readonly error: MoldauError | undefined;
}

/** All partitions of a topic, or some. */
export interface TopicPartitions {
  readonly topic: string;
  /** Default: all. */
  readonly partitions?: readonly number[];
}

/**
 * Where a reset goes: the first record, the end, an offset (the nearer end of the log, where it lies outside), the first record at
 * or after a time, so many records from the committed offset, or the first record that is not older than so long.
 */
export type ResetTarget =
  | 'earliest'
  | 'latest'
  | { readonly offset: number }
  | { readonly timestampMs: number }
  | { readonly shift: number }
  | { readonly agoMs: number };

/** What became of one partition in a reset. */
export interface ResetOutcome extends PartitionName {
  /** Undefined: nothing was committed. */
  readonly from: Offset | undefined;
  /** Committed now, or would be; undefined on error. */
  readonly to: Offset | undefined;
  readonly error: MoldauError | undefined;
}
