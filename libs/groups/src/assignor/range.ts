import { AssignmentBoard } from './assignment-board.ts';
import type { AssignmentInput, AssignmentSteps } from './assignor.ts';

/**
 * Of each topic alone every subscriber gets one range, the first ones a partition more: the same partitions of topics with equal
 * counts go to the same member, as joins of topics need. Over several topics the first members get more.
 */
export function* assignRange(input: AssignmentInput): AssignmentSteps {
  const board = new AssignmentBoard(input);
  for (const { topic, base, classAt } of board.topics) {
    const members = board.classes[classAt]?.members ?? [];
    const each = Math.floor(topic.partitions / members.length);
    const extra = topic.partitions % members.length;
    let next = base;
    for (const [at, member] of members.entries()) {
      const end = next + each + (at < extra ? 1 : 0);
      for (; next < end; next++) board.give(next, member);
      if (board.pause()) yield;
    }
  }
  return yield* board.finish();
}
