import type { Offset } from '@moldau/kernel';
import type { OffsetToCommit } from '@moldau/protocol';
import type { Consumer } from '../consumer/consumer.ts';
import type { GroupPartition } from './group-partition.ts';

/** Where the group would go on if this member were gone: the first record that is not finished; undefined: not known yet. */
export function finishedOffset<K, V>(consumer: Consumer<K, V>, partition: GroupPartition): number | undefined {
  return partition.frontier.lowest ?? positionOf(consumer, partition);
}

/** After all that was handed out. */
export function positionOf<K, V>(consumer: Consumer<K, V>, partition: GroupPartition): Offset | undefined {
  // Not read before its start is known.
  return partition.told && consumer.reads(partition) ? consumer.position(partition) : undefined;
}

export function offsetToCommit<K, V>(consumer: Consumer<K, V>, partition: GroupPartition, offset: number): OffsetToCommit {
  const { topicId, partition: index } = partition;
  const leaderEpoch = consumer.reads(partition) ? consumer.epochBefore(partition, offset) : undefined;
  return { topicId, partition: index, offset, leaderEpoch, metadata: '', retentionMs: undefined };
}
