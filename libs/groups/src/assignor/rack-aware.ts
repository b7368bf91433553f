import { AssignmentBoard } from './assignment-board.ts';
import type { AssignmentInput, AssignmentSteps } from './assignor.ts';
import { level, type Preference, placeRest } from './balance.ts';

/** How many candidates of a list are looked at before another is tried: keeps a step short in odd mixes of subscriptions. */
const CANDIDATES_MAX = 64;

/**
 * As sticky, and where loads stay the same a member gets partitions with a replica in its own rack: by choice among equals, and
 * by exchanging pairs of partitions. Partitions in place already are not exchanged without gain.
 */
export function* assignRackAware(input: AssignmentInput): AssignmentSteps {
  const board = new AssignmentBoard(input);
  yield;
  yield* board.keepCurrent();
  const preference = rackPreference(board);
  yield* placeRest(board, preference);
  yield* level(board, preference);
  yield* exchange(board);
  return yield* board.finish();
}

function matches(board: AssignmentBoard, partition: number, member: number): boolean {
  const rack = board.members[member]?.rack;
  return rack !== undefined && board.racksOf(partition).includes(rack);
}

function rackPreference(board: AssignmentBoard): Preference {
  return {
    recipient(partition, least) {
      if (matches(board, partition, least)) return least;
      const members = board.classes[board.topicOf(partition).classAt]?.members ?? [];
      board.work += members.length;
      const load = board.load(least);
      return members.find((member) => board.load(member) === load && matches(board, partition, member)) ?? least;
    },
    donation(partitions, from, to) {
      const first = Math.max(0, partitions.length - CANDIDATES_MAX);
      let [best, bestGain] = [partitions.length - 1, -2];
      for (let at = partitions.length - 1; at >= first; at--) {
        const partition = partitions[at] ?? 0;
        const gain = Number(matches(board, partition, to)) - Number(matches(board, partition, from));
        if (gain > bestGain) [best, bestGain] = [at, gain];
        if (gain === 1) break;
      }
      board.work += partitions.length - first;
      return best;
    },
  };
}

/** Partitions that members of a rack hold, under the rack of each replica and under '' those without one in that rack. */
class RackIndex {
  readonly #board: AssignmentBoard;
  readonly #lists = new Map<string, number[]>();

  constructor(board: AssignmentBoard) {
    this.#board = board;
    for (let partition = 0; partition < board.size; partition++) this.add(partition);
  }

  add(partition: number): void {
    const owner = this.#board.ownerOf(partition);
    const rack = owner === undefined ? undefined : this.#board.members[owner]?.rack;
    if (rack === undefined) return;
    const racks = this.#board.racksOf(partition);
    for (const replica of racks) if (replica !== rack) this.#push(rack, replica, partition);
    if (!racks.includes(rack)) this.#push(rack, '', partition);
  }

  /** A partition that a member of `holder` has, listed under `replica`, that `fits`. */
  take(holder: string, replica: string, fits: (partition: number) => boolean): number | undefined {
    const list = this.#lists.get(`${holder}\n${replica}`) ?? [];
    let seen = 0;
    for (let at = list.length - 1; at >= 0 && seen < CANDIDATES_MAX; at--, seen++) {
      const partition = list[at] ?? 0;
      const owner = this.#board.ownerOf(partition);
      const stays = owner !== undefined && this.#board.members[owner]?.rack === holder;
      if (stays && !fits(partition)) continue;
      list.splice(at, 1);
      if (stays) return partition;
    }
    this.#board.work += seen;
    return undefined;
  }

  #push(holder: string, replica: string, partition: number): void {
    const key = `${holder}\n${replica}`;
    const list = this.#lists.get(key);
    if (list === undefined) this.#lists.set(key, [partition]);
    else list.push(partition);
  }
}

function* exchange(board: AssignmentBoard): Generator<undefined, void> {
  if (board.members.every(({ rack }) => rack === undefined)) return;
  const index = new RackIndex(board);
  for (let partition = 0; partition < board.size; partition++) {
    const owner = board.ownerOf(partition);
    const rack = owner === undefined ? undefined : board.members[owner]?.rack;
    if (owner === undefined || rack === undefined || matches(board, partition, owner)) continue;
    const other = partner(board, index, { partition, owner, rack });
    if (other !== undefined) {
      const otherOwner = board.ownerOf(other) ?? owner;
      board.give(partition, otherOwner);
      board.give(other, owner);
      index.add(partition);
      index.add(other);
    }
    if (board.pause()) yield;
  }
}

interface Misplaced {
  readonly partition: number;
  readonly owner: number;
  readonly rack: string;
}

/** A partition to exchange with: it gains here, or at least loses nothing where it is. */
function partner(board: AssignmentBoard, index: RackIndex, { partition, owner, rack }: Misplaced): number | undefined {
  const fits = (other: number): boolean => {
    const otherOwner = board.ownerOf(other);
    return otherOwner !== undefined && board.mayHold(owner, other) && board.mayHold(otherOwner, partition);
  };
  for (const replica of board.racksOf(partition)) {
    const other = index.take(replica, rack, fits) ?? index.take(replica, '', fits);
    if (other !== undefined) return other;
  }
  return undefined;
}
