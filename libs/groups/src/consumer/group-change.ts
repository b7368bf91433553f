import type { ErrorName } from '@moldau/kernel';
import type { GroupEntry } from '../group-entry.ts';
import type { Operation } from '../operation.ts';
import type { GroupValue } from '../record/group-state-record.ts';
import { fingerprintTopics } from './topics-fingerprint.ts';

/** A new epoch of the group: the targets are to be computed again. Emitted after the change that calls for it. */
export function raiseGroupEpoch(op: Operation, entry: GroupEntry): void {
  op.emit({ type: 'group', group: entry.group, value: nextGroupValue(op, entry) });
}

/** Whether topics or settings changed since the epoch of the group began; then it gets a new one. */
export function refreshGroup(op: Operation, entry: GroupEntry): void {
  const { value, consumer } = entry;
  if (value?.kind !== 'consumer' || consumer.size === 0) return;
  const { assignor } = op.settings.settingsOf(entry.group);
  const fingerprint = fingerprintOf(op, entry);
  if (assignor !== value.assignor || fingerprint !== value.topicsFingerprint) raiseGroupEpoch(op, entry);
}

function nextGroupValue(op: Operation, entry: GroupEntry): GroupValue {
  const { consumer, value } = entry;
  const groupEpoch = entry.nextEpoch();
  const empty = consumer.size === 0;
  return {
    kind: 'consumer',
    groupEpoch,
    // Without members there is nothing to compute.
    assignmentEpoch: empty ? groupEpoch : (value?.assignmentEpoch ?? 0),
    assignor: op.settings.settingsOf(entry.group).assignor,
    topicsFingerprint: fingerprintOf(op, entry),
    emptySinceMs: empty ? op.now.wallMs : undefined,
  };
}

/** With the settings that count for the assignment of tasks: others call for another one too. */
function fingerprintOf(op: Operation, { group, consumer }: GroupEntry): string {
  const topics = fingerprintTopics(consumer, op.resolver, op.topics);
  const { assignor, streamsStandbys, streamsAcceptableLag, streamsWarmups } = op.settings.settingsOf(group);
  return assignor === 'streams' ? `${topics}/${streamsStandbys}/${streamsAcceptableLag}/${streamsWarmups}` : topics;
}

/** Removes a member: what it held is free at once, and nothing it says is heard any more. */
export function removeMember(op: Operation, entry: GroupEntry, memberId: string): void {
  forgetMember(op, entry, memberId);
  raiseGroupEpoch(op, entry);
}

/** The records of a member that goes; the epoch of the group is up to the caller. */
export function forgetMember(op: Operation, entry: GroupEntry, memberId: string): void {
  const { group } = entry;
  op.timers.remove(group, memberId);
  op.emit({ type: 'holding', group, memberId, value: undefined });
  op.emit({ type: 'target', group, memberId, value: undefined });
  op.emit({ type: 'member', group, memberId, value: undefined });
}

/** Removes a member that didn't ask for it, and tells it why. */
export function expelMember(op: Operation, entry: GroupEntry, memberId: string, reason: ErrorName): void {
  removeMember(op, entry, memberId);
  op.notify({ type: 'removed', group: entry.group, memberId, reason });
}
