import type { Offset } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { divergence, NO_EPOCH, truncationPoint } from './divergence.ts';
import { ModelLog } from './testing/model-log.ts';

/** A log whose batches have these epochs, one each. */
function logOf(...epochs: number[]): ModelLog {
  const log = new ModelLog();
  log.append(epochs.map((epoch, index) => ({ epoch, value: index })));
  return log;
}

function startingAt(start: number, ...epochs: number[]): ModelLog {
  const log = new ModelLog();
  log.beginAnew(start as Offset);
  log.append(epochs.map((epoch, index) => ({ epoch, value: index })));
  return log;
}

/** Where the follower ends once nothing parts the two any more, and how many answers that took. */
function settle(leader: ModelLog, follower: ModelLog): { end: number; answers: number } {
  for (let answers = 0; ; answers++) {
    const parts = divergence(leader, follower.lastEpoch, follower.endOffset);
    if (parts === undefined) return { end: follower.endOffset, answers };
    follower.cut(truncationPoint(follower, parts));
  }
}

describe('two logs', () => {
  it.each([
    ['are equal', logOf(1, 1, 2), logOf(1, 1, 2), 3, 0],
    ['differ in length only', logOf(1, 1, 2), logOf(1, 1), 2, 0],
    ['have nothing in the follower', logOf(1, 1, 2), logOf(), 0, 0],
    ['are empty both', logOf(), logOf(), 0, 0],
    ['part where the follower has more of the same epoch', logOf(1, 1), logOf(1, 1, 1), 2, 1],
    ['part where the follower has more, of an epoch the leader went on from', logOf(1, 1, 3), logOf(1, 1, 1), 2, 1],
    ['part where the follower has an epoch that the leader never had', logOf(1, 1, 3), logOf(1, 1, 2, 2), 2, 1],
    ['part in one epoch, at the same end', logOf(1, 3), logOf(1, 2), 1, 1],
    ['share an epoch that ends earlier with the follower', logOf(1, 1, 1, 4), logOf(1, 1, 2), 2, 1],
    ['took turns in leading fast, so that one answer is not enough', logOf(1, 1, 4, 4), logOf(1, 2, 2, 3), 1, 1],
    ['have no epoch in common but the oldest', logOf(1, 3, 3, 5, 5), logOf(1, 2, 4, 4), 1, 2],
    ['have nothing in common', logOf(5, 5), logOf(1, 1), 0, 1],
  ] as const)('that %s', (_, leader, follower, end, answers) => {
    expect(settle(leader, follower)).toEqual({ end, answers });
  });

  it('agree where the follower ends before the leader begins: it will begin anew', () => {
    expect(divergence(startingAt(10, 5), 1, 4 as Offset)).toBeUndefined();
    expect(divergence(startingAt(10, 5), NO_EPOCH, 0 as Offset)).toBeUndefined();
  });

  it('agree where the follower ends at the very begin of the leader, though it is older than all the leader has', () => {
    expect(divergence(startingAt(10, 5), 1, 10 as Offset)).toBeUndefined();
  });

  it('part at the begin of the leader where the follower goes on from there in an older epoch', () => {
    const parts = divergence(startingAt(10, 5), 1, 12 as Offset);
    expect(parts).toEqual({ epoch: NO_EPOCH, endOffset: 10 });
    expect(truncationPoint(startingAt(8, 1, 1, 1, 1), { epoch: NO_EPOCH, endOffset: 10 as Offset })).toBe(10);
  });

  it('part at the end of the leader where an empty log begins beyond it', () => {
    expect(divergence(logOf(1), NO_EPOCH, 5 as Offset)).toEqual({ epoch: NO_EPOCH, endOffset: 1 });
  });

  it('have nothing in common where all the follower has is newer than the epoch that is named', () => {
    expect(truncationPoint(startingAt(3, 7, 7), { epoch: 2, endOffset: 9 as Offset })).toBe(3);
  });
});
