import type { Arrival } from './reading-members.ts';

/** What became of the partitions of a group when a member came or went. */
export interface Movement {
  /** Partitions that another member reads than before. */
  readonly moved: number;
  /** From the event until the last of them was read by its new owner, in milliseconds. */
  readonly flowsAfterMs: number;
  /** Pauses of members between batches of partitions that did not move, in milliseconds: before the event, and after it. */
  readonly gapsBefore: readonly number[];
  readonly gapsAfter: readonly number[];
}

interface Owned {
  readonly before: string;
  readonly after: string;
  readonly flowsAtMs: number;
}

/**
 * Finds out from who got what and when, in any order. Every partition is to have been read before the event and long after it.
 *
 * @throws Error when one was not
 */
export function movementOf(arrivals: readonly Arrival[], partitions: number, eventAtMs: number): Movement {
  const inOrder = [...arrivals].sort((one, other) => one[2] - other[2]);
  const owners = ownersOf(inOrder, partitions, eventAtMs);
  const staying = new Map<string, number[]>();
  for (const [member, partition, atMs] of inOrder) {
    const owner = owners.get(partition);
    if (owner === undefined || owner.before !== owner.after || owner.after !== member) continue;
    const times = staying.get(member);
    if (times === undefined) staying.set(member, [atMs]);
    else times.push(atMs);
  }
  const gapsBefore: number[] = [];
  const gapsAfter: number[] = [];
  for (const times of staying.values()) {
    for (let at = 1; at < times.length; at++) {
      const time = times[at] ?? 0;
      (time < eventAtMs ? gapsBefore : gapsAfter).push(time - (times[at - 1] ?? time));
    }
  }
  const moved = [...owners.values()].filter(({ before, after }) => before !== after);
  const flowsAfterMs = moved.reduce((last, { flowsAtMs }) => Math.max(last, flowsAtMs - eventAtMs), 0);
  return { moved: moved.length, flowsAfterMs, gapsBefore, gapsAfter };
}

function ownersOf(inOrder: readonly Arrival[], partitions: number, eventAtMs: number): ReadonlyMap<number, Owned> {
  const before = new Map<number, string>();
  const after = new Map<number, { readonly member: string; readonly firstAtMs: number }>();
  for (const [member, partition, atMs] of inOrder) {
    if (atMs < eventAtMs) before.set(partition, member);
    else if (after.get(partition)?.member !== member) after.set(partition, { member, firstAtMs: atMs });
  }
  const owners = new Map<number, Owned>();
  for (let partition = 0; partition < partitions; partition++) {
    const [old, now] = [before.get(partition), after.get(partition)];
    if (old === undefined || now === undefined)
      throw new Error(`partition ${partition} was not read ${old ? 'after' : 'before'} the event`);
    owners.set(partition, { before: old, after: now.member, flowsAtMs: now.firstAtMs });
  }
  return owners;
}
