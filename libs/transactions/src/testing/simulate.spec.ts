import { describe, expect, it } from 'vitest';
import { PLANTED_BUGS } from './planted-bug.ts';
import { simulate } from './simulate.ts';

const SEEDS = 200;
/** Within so many seeds each planted bug is found. */
const FINDING_SEEDS_MAX = 400;

describe('transactions among zombies, late messages and failing owners', () => {
  it(`each have one outcome, the one that was answered, for ${SEEDS} seeds`, () => {
    const sum = { committed: 0, aborted: 0, failures: 0 };
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { committed, aborted, failures } = simulate(seed);
      sum.committed += committed;
      sum.aborted += aborted;
      sum.failures += failures;
    }
    expect(sum.committed).toBeGreaterThan(SEEDS);
    expect(sum.aborted).toBeGreaterThan(SEEDS / 4);
    expect(sum.failures).toBeGreaterThan(SEEDS);
  }, 120_000);

  it.each(PLANTED_BUGS)(
    'shows a planted bug: %s',
    (bug) => {
      let found: number | undefined;
      for (let seed = 1; seed <= FINDING_SEEDS_MAX && found === undefined; seed++) {
        try {
          simulate(seed, bug);
        } catch {
          found = seed;
        }
      }
      expect(found).toBeDefined();
    },
    120_000,
  );
});
