import type { AssignmentBoard } from './assignment-board.ts';

/** Which of several choices that are equal for the balance is better; only rack-aware assignment has an opinion. */
export interface Preference {
  /** A member of the class, as little loaded as `least`, for `partition`. */
  recipient(partition: number, least: number): number;
  /** One of the partitions that `from` has, to be given to `to`: its place in the list. */
  donation(partitions: readonly number[], from: number, to: number): number;
}

/** The first member; the partition that came last. */
export const NO_PREFERENCE: Preference = {
  recipient: (_partition, least) => least,
  donation: (partitions) => partitions.length - 1,
};

/** Rounds of levelling after which the rest of an odd mix of subscriptions is left as it is. */
const LEVEL_ROUNDS_MAX = 64;

/** Gives every partition that nobody has to whoever has least; those first that fewest members may hold. */
export function* placeRest(board: AssignmentBoard, preference: Preference): Generator<undefined, void> {
  const width = (classAt: number): number => board.classes[classAt]?.members.length ?? 0;
  const order = [...board.topics].sort((one, other) => width(one.classAt) - width(other.classAt) || one.base - other.base);
  for (const { topic, base, classAt } of order) {
    for (let partition = base; partition < base + topic.partitions; partition++) {
      if (board.ownerOf(partition) !== undefined) continue;
      board.give(partition, preference.recipient(partition, board.least(classAt)));
      if (board.pause()) yield;
    }
  }
}

/**
 * Moves partitions from the most to the least loaded until no move brings two members closer. With equal subscriptions that is
 * the fewest moves there can be: each takes from above the ceiling or gives to below the floor.
 */
export function* level(board: AssignmentBoard, preference: Preference): Generator<undefined, void> {
  const held = yield* heldByClass(board);
  for (let round = 0; round < LEVEL_ROUNDS_MAX; round++) {
    const moved = yield* levelRound(board, held, preference);
    if (!moved) return;
  }
}

/** For each member and class, the partitions it has. */
type HeldByClass = readonly Map<number, number[]>[];

function* heldByClass(board: AssignmentBoard): Generator<undefined, HeldByClass> {
  const held = board.members.map(() => new Map<number, number[]>());
  for (const { topic, base, classAt } of board.topics) {
    for (let partition = base; partition < base + topic.partitions; partition++) {
      const owner = board.ownerOf(partition);
      if (owner !== undefined) hold(held, owner, classAt, partition);
    }
    board.work += topic.partitions * 16;
    if (board.pause()) yield;
  }
  return held;
}

function hold(held: HeldByClass, member: number, classAt: number, partition: number): void {
  const classes = held[member];
  const list = classes?.get(classAt);
  if (list === undefined) classes?.set(classAt, [partition]);
  else list.push(partition);
}

/** Goes down from the highest load, so that always the most loaded gives. */
function* levelRound(board: AssignmentBoard, held: HeldByClass, preference: Preference): Generator<undefined, boolean> {
  const byLoad: number[][] = [];
  for (const member of board.members.keys()) (byLoad[board.load(member)] ??= []).push(member);
  let moved = false;
  for (let load = byLoad.length - 1; load >= 2; load--) {
    const donors = byLoad[load] ?? [];
    for (const donor of donors) {
      // It may have been given some since.
      if (board.load(donor) !== load || !donate(board, held, donor, preference)) continue;
      moved = true;
      (byLoad[load - 1] ??= []).push(donor);
      if (board.pause()) yield;
    }
  }
  return moved;
}

function donate(board: AssignmentBoard, held: HeldByClass, donor: number, preference: Preference): boolean {
  let bestClass: number | undefined;
  let recipient = donor;
  for (const [classAt, partitions] of held[donor] ?? []) {
    board.work++;
    if (partitions.length === 0) continue;
    const least = board.least(classAt);
    if (board.load(least) < board.load(recipient)) [bestClass, recipient] = [classAt, least];
  }
  if (bestClass === undefined || board.load(donor) - board.load(recipient) < 2) return false;
  const list = held[donor]?.get(bestClass) ?? [];
  const [partition] = list.splice(preference.donation(list, donor, recipient), 1);
  if (partition === undefined) return false;
  board.give(partition, recipient);
  hold(held, recipient, bestClass, partition);
  return true;
}
