import { MoldauError } from '@moldau/kernel';
import type { GroupEntry } from '../group-entry.ts';
import { groupFacts } from '../group-ref.ts';
import type { Operation } from '../operation.ts';
import type { TopicPartitions } from '../partitions/partition-map.ts';
import type { PartitionOutcome } from './commit-offsets.ts';

/** Most offsets that go with their group in one operation, some 20 MiB of tombstones with the longest names. */
const DELETED_OFFSETS_MAX = 50_000;

/** What of a deletion is to be done. */
export interface DeleteOptions {
  /** Only check: answer as if, change nothing. */
  readonly dryRun: boolean;
}

/** Deletes offsets of topics that no member subscribes to; the others get GROUP_NOT_EMPTY. What is not there is deleted. */
export function deleteOffsets(
  op: Operation,
  entry: GroupEntry,
  partitions: TopicPartitions,
  { dryRun }: DeleteOptions,
): readonly PartitionOutcome[] {
  const outcomes: PartitionOutcome[] = [];
  for (const [topicId, indexes] of partitions) {
    const topic = op.topics.byId(topicId);
    const used = topic !== undefined && entry.members?.subscribesTo(topic) === true;
    for (const partition of indexes) {
      const facts = { ...groupFacts(entry.group), topic_id: topicId, topic: topic?.name ?? '' };
      const error = used ? new MoldauError('GROUP_NOT_EMPTY', 'a member subscribes to the topic', facts) : undefined;
      outcomes.push({ topicId, partition, error });
      if (dryRun || used || entry.offsets.get(topicId, partition) === undefined) continue;
      op.emit({ type: 'offset', group: entry.group, topicId, partition, value: undefined });
    }
  }
  return outcomes;
}

/**
 * Deletes a group without members, and its offsets.
 *
 * @throws MoldauError GROUP_NOT_EMPTY, CONCURRENT_CHANGE while a transaction would commit offsets of it, INVALID_REQUEST for one with more
 *   offsets than go at once: those of its topics are to be deleted first
 */
export function deleteGroup(op: Operation, entry: GroupEntry, { dryRun }: DeleteOptions): void {
  const facts = groupFacts(entry.group);
  if (entry.memberCount > 0) {
    const text = `group '${entry.group.groupId}' has ${entry.memberCount} members`;
    throw new MoldauError('GROUP_NOT_EMPTY', text, { ...facts, members: String(entry.memberCount) });
  }
  if (entry.offsets.stagers().length > 0) {
    throw new MoldauError('CONCURRENT_CHANGE', `an open transaction commits offsets of group '${entry.group.groupId}'`, facts);
  }
  const { group } = entry;
  const all = [...entry.offsets.all()];
  if (all.length > DELETED_OFFSETS_MAX) {
    const text = `group '${group.groupId}' has ${all.length} offsets, ${DELETED_OFFSETS_MAX} go at once: delete those of its topics first`;
    throw new MoldauError('INVALID_REQUEST', text, { ...facts, value: String(all.length), limit: String(DELETED_OFFSETS_MAX) });
  }
  if (dryRun) return;
  for (const { topicId, partition } of all) op.emit({ type: 'offset', group, topicId, partition, value: undefined });
  op.emit({ type: 'group', group, value: undefined });
}
