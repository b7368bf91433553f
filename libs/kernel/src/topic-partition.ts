import type { PartitionIndex, TopicId } from './ids.ts';

/** One partition, by the topic's id: a recreated topic inherits nothing. */
export interface TopicPartition {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
}

/** The partition as one string, for maps and logs. */
export function partitionKey(topicId: TopicId, partition: PartitionIndex): string {
  return `${topicId}-${partition}`;
}
