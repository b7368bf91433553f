import type { TopicId } from '@moldau/kernel';
import type { GroupEntry } from '../group-entry.ts';
import type { Operation } from '../operation.ts';

/**
 * Deletes what expired: offsets with a time of their own when it has come, the others when neither they nor the group were used
 * for as long as offsets are kept, and those of topics that are gone. Offsets of topics that a member subscribes to, or that a
 * transaction is about to change, stay. A group of which nothing is left is deleted.
 */
export function expireOffsets(op: Operation, entry: GroupEntry): void {
  const { group, offsets } = entry;
  for (const topicId of offsets.topicIds()) expireTopic(op, entry, topicId);
  if (entry.value !== undefined && entry.memberCount === 0 && offsets.vacant) op.emit({ type: 'group', group, value: undefined });
}

function expireTopic(op: Operation, entry: GroupEntry, topicId: TopicId): void {
  const { group, offsets, value } = entry;
  const { offsetsRetentionMs } = op.settings.settingsOf(group);
  const topic = op.topics.byId(topicId);
  if (topic !== undefined && entry.members?.subscribesTo(topic) === true) return;
  const unusedSinceMs = entry.memberCount > 0 ? 0 : (value?.emptySinceMs ?? 0);
  for (const [partition, { committedAtMs, expiresAtMs }] of [...offsets.committed(topicId)]) {
    const endsMs = expiresAtMs ?? Math.max(committedAtMs, unusedSinceMs) + offsetsRetentionMs;
    if (topic !== undefined && op.now.wallMs < endsMs) continue;
    if (offsets.isStaged(topicId, partition)) continue;
    op.emit({ type: 'offset', group, topicId, partition, value: undefined });
  }
}
