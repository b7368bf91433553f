import { AssignmentBoard } from './assignment-board.ts';
import type { AssignmentInput, AssignmentSteps } from './assignor.ts';
import { level, NO_PREFERENCE, placeRest } from './balance.ts';

/** Even loads with the fewest moves: members keep what they have, and the most loaded give to the least loaded. */
export function* assignSticky(input: AssignmentInput): AssignmentSteps {
  const board = new AssignmentBoard(input);
  yield;
  yield* board.keepCurrent();
  yield* placeRest(board, NO_PREFERENCE);
  yield* level(board, NO_PREFERENCE);
  return yield* board.finish();
}

/** Even loads from nothing: who holds what depends on members and topics alone, never on history. */
export function* assignUniform(input: AssignmentInput): AssignmentSteps {
  const board = new AssignmentBoard(input);
  yield;
  yield* placeRest(board, NO_PREFERENCE);
  yield* level(board, NO_PREFERENCE);
  return yield* board.finish();
}
