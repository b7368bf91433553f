import type { PlannedPart, TaskId } from '@moldau/streams';
import type { ThreadContext } from './runtime-options.ts';

/** Name of a task, as `0_3`: part of the topology and partition. */
export function taskKey({ subTopology, partition }: TaskId): string {
  return `${subTopology}_${partition}`;
}

/** Full names of the topics of which a task reads its partition: those that have so many. */
export function topicsOfTask(
  { plan, partitions }: Pick<ThreadContext, 'plan' | 'partitions'>,
  { subTopology }: PlannedPart,
  partition: number,
): readonly string[] {
  return subTopology.sources.map((ref) => plan.topicName(ref)).filter((topic) => partition < (partitions.get(topic) ?? 0));
}
