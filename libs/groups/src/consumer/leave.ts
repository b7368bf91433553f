import type { GroupEntry } from '../group-entry.ts';
import type { GroupRef } from '../group-ref.ts';
import type { Operation } from '../operation.ts';
import { epochOf, NO_EPOCHED_PARTITIONS } from '../partitions/partition-map.ts';
import { removeMember } from './group-change.ts';
import { changeHolding, without } from './reconcile.ts';

/** A member goes. It holds nothing any more when it says so. */
export interface LeaveRequest {
  readonly group: GroupRef;
  readonly memberId: string;
  readonly memberEpoch: number;
  /** A static member that will be back within the session timeout: its partitions wait for it. Of others it means nothing. */
  readonly returning: boolean;
}

/** @throws MoldauError UNKNOWN_MEMBER, FENCED_MEMBER_EPOCH */
export function leaveGroup(op: Operation, entry: GroupEntry, { memberId, memberEpoch, returning }: LeaveRequest): void {
  const { profile, holding } = entry.consumer.checkMember(memberId, memberEpoch);
  if (!returning || profile.instanceId === undefined) {
    removeMember(op, entry, memberId);
    return;
  }
  const held = without(holding.held, (topicId, partition) => epochOf(holding.revoking, topicId, partition) !== undefined);
  const next = { memberEpoch: entry.nextEpoch(), held, revoking: NO_EPOCHED_PARTITIONS, away: true };
  changeHolding(op, entry, memberId, next);
  op.timers.remove(entry.group, memberId);
  op.timers.set(entry.group, memberId, 'session', op.now.monotonicMs + op.settings.settingsOf(entry.group).sessionTimeoutMs);
}
