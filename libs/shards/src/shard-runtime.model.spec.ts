import { describe, expect, it } from 'vitest';
import { PLANTED_BUGS, Simulation } from './testing/simulate.ts';

const SEEDS = 60;
const STEPS = 300;
/** Within so many seeds each planted bug is found. */
const FINDING_SEEDS_MAX = 200;

describe('owners of a shard that replace each other, over a log that loses answers and leaders', () => {
  it(`commit each operation once, and answer nothing that is not so, for ${SEEDS} seeds`, async () => {
    let acknowledgements = 0;
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const simulation = new Simulation(seed);
      await simulation.run(STEPS).catch((caught: unknown) => {
        throw new Error(`seed ${seed}`, { cause: caught });
      });
      acknowledgements += simulation.acknowledgements;
    }
    expect(acknowledgements).toBeGreaterThan(20 * SEEDS);
  }, 120_000);

  it.each(PLANTED_BUGS)(
    'show a planted bug: %s',
    async (bug) => {
      let found: unknown;
      for (let seed = 1; seed <= FINDING_SEEDS_MAX && found === undefined; seed += 1) {
        found = await new Simulation(seed, bug).run(STEPS).then(
          () => undefined,
          (caught: unknown) => caught,
        );
      }
      expect(found).toBeInstanceOf(Error);
    },
    120_000,
  );
});
