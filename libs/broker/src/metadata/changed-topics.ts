import type { ImageDelta } from '@moldau/cluster';
import type { TopicId } from '@moldau/kernel';

/** Topics of which anything changed: record, partitions or settings. Undefined: all may have. */
export function changedTopics(delta: ImageDelta | undefined): ReadonlySet<TopicId> | undefined {
  if (delta === undefined) return undefined;
  const topics = new Set<TopicId>(delta.topics);
  for (const topicId of delta.partitions.keys()) topics.add(topicId);
  for (const target of delta.configs) {
    if (target.kind === 'cluster') return undefined;
    if (target.kind === 'topic') topics.add(target.topicId);
  }
  return topics;
}
