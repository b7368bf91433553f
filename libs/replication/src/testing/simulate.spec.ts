import { describe, expect, it } from 'vitest';
import { MUTATIONS, type Mutation } from './mutation.ts';
import { simulate } from './simulate.ts';

const STEPS = 3000;
const SEEDS = 300;

/** The first seed that finds the mutation, of at most `seeds`. */
function findingSeed(mutation: Mutation, seeds: number): number | undefined {
  for (let seed = 1; seed <= seeds; seed++) {
    if (simulate(seed, { steps: STEPS, mutation }).violation !== undefined) return seed;
  }
  return undefined;
}

describe('a replicated partition among random faults', () => {
  it(`loses nothing, shows nothing uncommitted and ends with equal replicas, for ${SEEDS} seeds`, () => {
    let committed = 0;
    let elections = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const result = simulate(seed, { steps: STEPS });
      expect(result.violation, `seed ${seed}, step ${result.steps}`).toBeUndefined();
      committed += result.committed;
      elections += result.leaderEpochs;
    }
    // It is no proof where nothing happened.
    expect(committed).toBeGreaterThan(SEEDS * 100);
    expect(elections).toBeGreaterThan(SEEDS * 3);
  }, 120_000);

  it('runs the same twice from one seed', () => {
    expect(simulate(7, { steps: STEPS })).toEqual(simulate(7, { steps: STEPS }));
  });
});

describe('the same partition with a rule broken', () => {
  it.each(Object.entries(MUTATIONS) as [Mutation, string][])(
    'is found wrong when %s: %s',
    (mutation) => {
      expect(findingSeed(mutation, SEEDS_TO_FIND)).toBeDefined();
    },
    120_000,
  );
});

/** Within so many seeds every mutation is found; the hardest needs about a quarter of them. */
const SEEDS_TO_FIND = 1000;
