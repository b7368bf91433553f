import { describe, expect, it } from 'vitest';
import { SeededRandom } from './seeded-random.ts';

describe('SeededRandom', () => {
  it('gives the same stream for the same seed and another for a neighbour', () => {
    const stream = (seed: number): number[] => {
      const random = new SeededRandom(seed);
      return Array.from({ length: 8 }, () => random.uint32());
    };
    expect(stream(7)).toEqual(stream(7));
    expect(stream(7)).not.toEqual(stream(8));
    expect(stream(7)).not.toEqual(stream(7 + 2 ** 32));
    expect(stream(0)).toHaveLength(8);
  });

  it('is uniform within what a chi-square test lets pass', () => {
    const random = new SeededRandom(1);
    const buckets = new Array<number>(64).fill(0);
    for (let draw = 0; draw < 64_000; draw++) {
      const value = random.below(64);
      buckets[value] = (buckets[value] ?? 0) + 1;
    }
    const chiSquare = buckets.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chiSquare).toBeLessThan(103.4); // 63 degrees of freedom, p = 0.001
  });

  it('shuffles, picks and fills without losing anything', () => {
    const random = new SeededRandom(3);
    expect(random.shuffle([1, 2, 3, 4, 5]).sort()).toEqual([1, 2, 3, 4, 5]);
    expect(['a', 'b']).toContain(random.pick(['a', 'b']));
    expect(random.bytes(100).some((byte) => byte > 0)).toBe(true);
    expect(random.between(5, 5)).toBe(5);
  });

  it('forks a stream that leaves its own alone after the fork', () => {
    const one = new SeededRandom(9);
    const other = new SeededRandom(9);
    const fork = one.fork();
    other.fork();
    fork.fraction();
    expect(one.fraction()).toBe(other.fraction());
  });
});
