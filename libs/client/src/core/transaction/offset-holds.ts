import { MoldauError } from '@moldau/kernel';
import type { PartitionHold } from '../group/group-types.ts';
import type { TransactionGroup, TransactionOffset } from './transaction-types.ts';

/**
 * A member's hold on a partition whose offset a transaction commits. The cluster checks owners, but it can't tell a hold from the
 * next one of the same member in the same epoch: a member that no broker answered for a whole session lets go by itself, and may
 * be given the very same again once the cluster is back. What was staged late then passes as that of the owner, which has by then
 * read the same records anew. So the transaction commits only if, once its offsets are staged, each hold is still the one in which
 * they were handed to it. Whoever takes hold after that asks for stable offsets, and waits for the end of this transaction.
 */
export interface OffsetHold {
  readonly place: string;
  readonly hold: PartitionHold;
}

/** Nothing for a group that does not say what it holds. @throws MoldauError NOT_PARTITION_OWNER */
export function holdsOf(group: TransactionGroup, offsets: readonly TransactionOffset[]): readonly OffsetHold[] {
  if (typeof group === 'string' || !('holdOn' in group)) return [];
  return offsets.map((offset) => {
    const place = `${offset.topic}-${offset.partition}`;
    const hold = group.holdOn(offset, offset.offset);
    if (hold === undefined || hold.isGone) throw notHeld(place);
    return { place, hold };
  });
}

/** @throws MoldauError NOT_PARTITION_OWNER for the first that is gone */
export function assertHeld(holds: Iterable<OffsetHold>): void {
  for (const { place, hold } of holds) if (hold.isGone) throw notHeld(place);
}

function notHeld(place: string): MoldauError {
  return new MoldauError('NOT_PARTITION_OWNER', `${place} is not this member's any more`, { partition: place });
}
