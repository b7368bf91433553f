import { assert, type PartitionIndex, type TopicId } from '@moldau/kernel';
import type { GroupEntry } from '../group-entry.ts';
import type { Operation } from '../operation.ts';
import { type EpochedPartitions, EpochGatherer, epochOf, PartitionGatherer, type TopicPartitions } from '../partitions/partition-map.ts';
import type { Holding } from '../record/group-state-record.ts';
import type { MemberAssignment } from '../result.ts';
import type { ConsumerMembers, JoinedMember } from './consumer-members.ts';
import { assertLegalMove, memberState } from './member-state.ts';

/**
 * Brings members closer to their targets: what is not in the target is asked back, what is and has no owner is given. A partition
 * has an owner from when it is given until its owner says that it gave it up, or is a member no more; so no two ever have it.
 * Stops after `membersMax` members; what is left stays on the group's list.
 */
export function reconcileMembers(op: Operation, entry: GroupEntry, membersMax: number): void {
  const { consumer } = entry;
  let count = 0;
  for (const memberId of consumer.unreconciled) {
    if (count++ >= membersMax) return;
    consumer.reconciled(memberId);
    const member = consumer.get(memberId);
    if (member !== undefined) reconcileMember(op, entry, member);
  }
}

function reconcileMember(op: Operation, entry: GroupEntry, member: JoinedMember): void {
  const { memberId, target, holding } = member;
  if (target === undefined) return;
  const memberEpoch = entry.nextEpoch();
  const change = holding.away ? trimmed(target, holding, memberEpoch) : towards(entry.consumer, member, target, memberEpoch);
  if (change === undefined) return;
  changeHolding(op, entry, memberId, change);
  if (change.away) return;
  if (change.revoking.size > 0 && !op.timers.has(entry.group, memberId, 'revocation')) startRevocation(op, entry, member);
  op.notify({ type: 'assignment', group: entry.group, memberId, assignment: assignmentOf(change) });
}

/** From now on the member has its rebalance timeout to give up what it is asked for. */
export function startRevocation(op: Operation, entry: GroupEntry, { memberId, profile }: JoinedMember): void {
  op.timers.set(entry.group, memberId, 'revocation', op.now.monotonicMs + profile.rebalanceTimeoutMs);
}

/** The only place that changes what a member holds; its state may only make legal moves. */
export function changeHolding(op: Operation, entry: GroupEntry, memberId: string, holding: Holding): void {
  const before = entry.consumer.get(memberId);
  assert(before !== undefined, 'a member that holds is a member', { member: memberId });
  assertLegalMove(memberState(before.target, before.holding), memberState(before.target, holding));
  op.emit({ type: 'holding', group: entry.group, memberId, value: holding });
}

/** What a member with that holding is told. */
export function assignmentOf({ memberEpoch, held, revoking, following }: Holding): MemberAssignment {
  const assigned = new PartitionGatherer();
  const asked = new PartitionGatherer();
  for (const [topicId, partitions] of held) {
    for (const partition of partitions.keys()) {
      (epochOf(revoking, topicId, partition) === undefined ? assigned : asked).add(topicId, partition);
    }
  }
  return { memberEpoch, assigned: assigned.finish(), revoking: asked.finish(), following };
}

/** Without what `released` names. */
export function without(topics: EpochedPartitions, released: (topicId: TopicId, partition: PartitionIndex) => boolean): EpochedPartitions {
  const kept = new EpochGatherer();
  for (const [topicId, partitions] of topics) {
    for (const [partition, epoch] of partitions) if (!released(topicId, partition)) kept.add(topicId, partition, epoch);
  }
  return kept.finish();
}

/** The holding that comes next; undefined: nothing to do now. */
function towards(
  consumer: ConsumerMembers,
  { holding, following }: JoinedMember,
  target: TopicPartitions,
  memberEpoch: number,
): Holding | undefined {
  const wanted = new Map([...target].map(([topicId, partitions]) => [topicId, new Set(partitions)]));
  const held = new EpochGatherer();
  const revoking = new EpochGatherer();
  let changes = Number(following.join() !== (holding.following ?? []).join());
  for (const [topicId, partitions] of holding.held) {
    for (const [partition, since] of partitions) {
      held.add(topicId, partition, since);
      const asked = epochOf(holding.revoking, topicId, partition);
      // Once asked it must be given up, even if it is wanted again: the member may be doing so at this moment.
      if (asked !== undefined) revoking.add(topicId, partition, asked);
      else if (wanted.get(topicId)?.has(partition) !== true) {
        revoking.add(topicId, partition, memberEpoch);
        changes++;
      }
    }
  }
  for (const [topicId, partitions] of target) {
    for (const partition of partitions) {
      if (consumer.ownerOf(topicId, partition) !== undefined) continue;
      held.add(topicId, partition, memberEpoch);
      changes++;
    }
  }
  return changes === 0 ? undefined : { memberEpoch, held: held.finish(), revoking: revoking.finish(), away: false, following };
}

/** A member that is away reads nothing, so what it is not to keep is free at once. */
function trimmed(target: TopicPartitions, holding: Holding, memberEpoch: number): Holding | undefined {
  const wanted = new Map([...target].map(([topicId, partitions]) => [topicId, new Set(partitions)]));
  let changes = 0;
  const held = without(holding.held, (topicId, partition) => {
    const released = wanted.get(topicId)?.has(partition) !== true;
    changes += Number(released);
    return released;
  });
  return changes === 0 ? undefined : { ...holding, memberEpoch, held };
}
