import { MoldauError, type PartitionIndex, type TopicId } from '@moldau/kernel';
import type { GroupEntry } from '../group-entry.ts';
import type { GroupRef } from '../group-ref.ts';
import type { TopicPartitions } from '../partitions/partition-map.ts';
import type { CommittedOffset } from '../record/group-state-record.ts';

export interface FetchOffsetsRequest {
  readonly group: GroupRef;
  /** Undefined: of all partitions that have one. */
  readonly partitions: TopicPartitions | undefined;
  /** A partition for which an open transaction would commit another offset gets OFFSET_UNSTABLE. */
  readonly stable: boolean;
  /** The member that asks; undefined: somebody with the right to. */
  readonly member: { readonly memberId: string; readonly memberEpoch: number } | undefined;
}

/** What is committed for a partition: nothing, which is not offset 0, if `committed` is undefined and there is no error. */
export interface FetchedOffset {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly committed: CommittedOffset | undefined;
  readonly error: MoldauError | undefined;
}

/** @throws MoldauError UNKNOWN_MEMBER, FENCED_MEMBER_EPOCH */
export function fetchOffsets(entry: GroupEntry | undefined, request: FetchOffsetsRequest): readonly FetchedOffset[] {
  const { member, partitions, stable } = request;
  if (member !== undefined) {
    const { memberId } = member;
    const { groupId: group } = request.group;
    if (entry?.members === undefined)
      throw new MoldauError('UNKNOWN_MEMBER', `group '${group}' has no member '${memberId}'`, { group, member: memberId });
    entry.members.checkMember(memberId, member.memberEpoch);
  }
  const asked = partitions === undefined ? everything(entry) : named(partitions);
  return asked.map(({ topicId, partition }) => {
    const unstable = stable && entry?.offsets.isStaged(topicId, partition) === true;
    if (!unstable) return { topicId, partition, committed: entry?.offsets.get(topicId, partition), error: undefined };
    const facts = { topic_id: topicId, partition: String(partition) };
    const error = new MoldauError('OFFSET_UNSTABLE', 'an open transaction would commit another offset', facts);
    return { topicId, partition, committed: undefined, error };
  });
}

type Place = Pick<FetchedOffset, 'topicId' | 'partition'>;

function everything(entry: GroupEntry | undefined): readonly Place[] {
  return entry === undefined ? [] : [...entry.offsets.all()];
}

function named(partitions: TopicPartitions): readonly Place[] {
  return [...partitions].flatMap(([topicId, indexes]) => indexes.map((partition) => ({ topicId, partition })));
}
