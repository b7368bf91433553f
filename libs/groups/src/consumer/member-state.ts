import { assert, unreachable } from '@moldau/kernel';
import { countPartitions, type EpochedPartitions, epochOf, type TopicPartitions } from '../partitions/partition-map.ts';
import type { Holding } from '../record/group-state-record.ts';

/**
 * Where a member stands between what it holds and what it is to hold. It follows from its target and its holding.
 *
 *   joining   no target was computed since it came
 *   stable    holds its target
 *   waiting   lacks partitions that others have yet to give up, or that nobody has given it yet
 *   revoking  was asked to give up partitions and has not said that it did
 *   away      a static member that left for a while: its partitions wait for its next life
 *
 * Moves at a change of its holding:
 *
 *   joining  → stable, waiting, away
 *   stable   → waiting, revoking, away
 *   waiting  → waiting, stable, revoking, away
 *   revoking → revoking, stable, waiting, away
 *   away     → away, joining, stable, waiting
 */
export type MemberState =
  | { readonly tag: 'joining' }
  | { readonly tag: 'stable' }
  | { readonly tag: 'waiting'; readonly missing: number }
  | { readonly tag: 'revoking'; readonly asked: number }
  | { readonly tag: 'away' };

type Tag = MemberState['tag'];

const MOVES: Readonly<Record<Tag, readonly Tag[]>> = {
  joining: ['joining', 'stable', 'waiting', 'away'],
  stable: ['stable', 'waiting', 'revoking', 'away'],
  waiting: ['waiting', 'stable', 'revoking', 'away'],
  revoking: ['revoking', 'stable', 'waiting', 'away'],
  away: ['away', 'joining', 'stable', 'waiting'],
};

export function memberState(target: TopicPartitions | undefined, holding: Holding): MemberState {
  if (holding.away) return { tag: 'away' };
  if (holding.revoking.size > 0) return { tag: 'revoking', asked: countPartitions(holding.revoking) };
  if (target === undefined) return { tag: 'joining' };
  const missing = countMissing(target, holding.held);
  const surplus = countPartitions(holding.held) + missing - countPartitions(target);
  return missing === 0 && surplus === 0 ? { tag: 'stable' } : { tag: 'waiting', missing };
}

/** A broken invariant ends the process: a shard that gave partitions away wrongly may not go on. */
export function assertLegalMove(before: MemberState, after: MemberState): void {
  assert(MOVES[before.tag].includes(after.tag), 'a member makes only legal moves', { before: before.tag, after: after.tag });
}

/** For people and programs that look at a group. */
export function describeState(state: MemberState): string {
  switch (state.tag) {
    case 'joining':
    case 'stable':
    case 'away':
      return state.tag;
    case 'waiting':
      return `waiting for ${state.missing}`;
    case 'revoking':
      return `revoking ${state.asked}`;
    default:
      return unreachable(state);
  }
}

function countMissing(target: TopicPartitions, held: EpochedPartitions): number {
  let missing = 0;
  for (const [topicId, partitions] of target) {
    for (const partition of partitions) if (epochOf(held, topicId, partition) === undefined) missing++;
  }
  return missing;
}
