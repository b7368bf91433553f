import type { FetchedOffset, GroupDescription, TopicsView } from '@moldau/groups';
import type { PartitionIndex, TopicId } from '@moldau/kernel';
import type { GroupPartitionLag } from '@moldau/protocol';
import type { Lag, LagMeter, Position } from './lag-meter.ts';

export interface DescribedOffsets {
  readonly described: GroupDescription;
  readonly offsets: readonly FetchedOffset[];
  readonly topics: TopicsView;
  readonly lag: LagMeter;
}

interface Row extends Position {
  readonly fetched: FetchedOffset | undefined;
  readonly memberId: string;
}

/** Partitions of a group that have an offset or that a member holds, with how far behind they are at this moment. */
export async function withOffsets({ described, offsets, topics, lag }: DescribedOffsets): Promise<GroupPartitionLag[]> {
  const holders = holdersOf(described);
  const rows = offsets.map((fetched): Row => {
    const { topicId, partition, committed } = fetched;
    const key = keyOf(topicId, partition);
    const memberId = holders.get(key)?.memberId ?? '';
    holders.delete(key);
    return { topicId, partition, offset: committed?.offset, fetched, memberId };
  });
  for (const { topicId, partition, memberId } of holders.values()) {
    rows.push({ topicId, partition, offset: undefined, fetched: undefined, memberId });
  }
  const lags = await lag.measure(rows);
  const partitions = rows.map((row, at) => describeRow(row, lags[at], topics));
  return partitions.sort((one, other) => {
    if (one.topicName !== other.topicName) return one.topicName < other.topicName ? -1 : 1;
    if (one.topicId !== other.topicId) return one.topicId < other.topicId ? -1 : 1;
    return one.partition - other.partition;
  });
}

function describeRow({ topicId, partition, fetched, memberId }: Row, lag: Lag | undefined, topics: TopicsView): GroupPartitionLag {
  return {
    topicId,
    topicName: topics.byId(topicId)?.name ?? '',
    partition,
    committedOffset: fetched?.committed?.offset,
    metadata: fetched?.committed?.metadata ?? '',
    endOffset: lag?.endOffset,
    lagRecords: lag?.records,
    lagMs: lag?.ms,
    memberId,
  };
}

interface Holder {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly memberId: string;
}

function holdersOf({ memberList }: GroupDescription): Map<string, Holder> {
  const holders = new Map<string, Holder>();
  for (const { memberId, assignment } of memberList) {
    for (const held of [assignment.assigned, assignment.revoking]) {
      for (const [topicId, partitions] of held) {
        for (const partition of partitions) holders.set(keyOf(topicId, partition), { topicId, partition, memberId });
      }
    }
  }
  return holders;
}

function keyOf(topicId: TopicId, partition: PartitionIndex): string {
  return `${topicId}/${partition}`;
}
