import { SeededRandom } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import { CommitFrontier } from './commit-frontier.ts';

describe('the frontier of a partition', () => {
  it('is the first record that is not finished', () => {
    const frontier = new CommitFrontier();
    for (const offset of [3, 4, 9]) frontier.begin(offset);
    frontier.finish(4);
    expect(frontier.lowest).toBe(3);
    frontier.finish(3);
    expect(frontier.lowest).toBe(9);
    frontier.finish(9);
    expect(frontier.lowest).toBeUndefined();
  });

  it('refuses a record that begins below another', () => {
    const frontier = new CommitFrontier();
    frontier.begin(5);
    expect(() => frontier.begin(5)).toThrow('rising');
  });

  it.each(Array.from({ length: 20 }, (_, seed) => seed))('never passes an unfinished record, whatever the order (seed %i)', (seed) => {
    const random = new SeededRandom(seed);
    const frontier = new CommitFrontier();
    const open = new Set<number>();
    let next = 0;
    for (let step = 0; step < 1_000; step++) {
      if (open.size === 0 || (open.size < 200 && random.fraction() < 0.5)) {
        next += 1 + random.below(3);
        open.add(next);
        frontier.begin(next);
      } else {
        const chosen = [...open][random.fraction() < 0.3 ? 0 : random.below(open.size)]!;
        open.delete(chosen);
        frontier.finish(chosen);
      }
      expect(frontier.lowest).toBe(open.size === 0 ? undefined : Math.min(...open));
    }
  });
});
