import { describe, expect, it } from 'vitest';
import { movementOf } from './movement.ts';

describe('movementOf', () => {
  it('tells when partitions flow again at another member, and the pauses of those that stay', () => {
    const movement = movementOf(
      [
        ['a', 0, 10],
        ['b', 1, 12],
        ['a', 0, 30],
        ['a', 1, 150],
        ['a', 1, 170],
        ['a', 0, 110],
        ['b', 1, 105],
      ],
      2,
      100,
    );
    expect(movement).toEqual({ moved: 1, flowsAfterMs: 50, gapsBefore: [20], gapsAfter: [80] });
  });

  it('fails where a partition was not read', () => {
    expect(() => movementOf([['a', 0, 10]], 1, 100)).toThrow('partition 0 was not read after the event');
  });
});
