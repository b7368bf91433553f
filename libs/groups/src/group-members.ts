import type { PartitionIndex, TopicId } from '@moldau/kernel';
import type { GroupStateRecord } from './record/group-state-record.ts';
import type { TopicView } from './topics-view.ts';

/** What offsets need to know of the members of a group, whatever its kind. Each kind of group implements it. */
export interface GroupMembers {
  /** How many members it has, those that are away included. */
  readonly size: number;
  /** The highest epoch of any member; an epoch is never given twice in a group. */
  readonly highestEpoch: number;
  /** Whether a member subscribes to the topic: its offsets are in use then. */
  subscribesTo(topic: TopicView): boolean;
  /**
   * Whether the member may commit at all in that epoch.
   *
   * @throws MoldauError UNKNOWN_MEMBER, FENCED_MEMBER_EPOCH
   */
  checkMember(memberId: string, memberEpoch: number): void;
  /** Whether the member has owned the partition ever since that epoch. */
  ownsSince(memberId: string, memberEpoch: number, topicId: TopicId, partition: PartitionIndex): boolean;
  /** Records that describe the members as they are. */
  snapshot(): Iterable<GroupStateRecord>;
}
