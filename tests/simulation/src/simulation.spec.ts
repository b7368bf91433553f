import { describe, expect, it } from 'vitest';
import { MUTATIONS } from './mutation/mutations.ts';
import { findMutation, shows } from './run/find-mutation.ts';
import { scenarioOf } from './run/mutation-scenario.ts';
import { publishedSeeds } from './run/mutation-table.ts';
import { runSeed } from './run/run-seed.ts';

/** Seeds that every `npm test` runs: some seconds. More of them: `npm run test:simulation -- --seeds 20000`. */
const SEEDS = 20;
const SEEDS_FROM = 1;
const SUITE_MS_MAX = 120_000;
/** Seeds within which each known bug is found. */
const MUTATION_SEEDS = 20;

describe('a cluster in virtual time', () => {
  it(`loses, repeats, reorders and alters nothing in ${SEEDS} seeds, and recovers from each`, { timeout: SUITE_MS_MAX }, async () => {
    for (let seed = SEEDS_FROM; seed < SEEDS_FROM + SEEDS; seed++) {
      const { findings, faults, simulatedMs, acknowledged, failed, unknown } = await runSeed(seed);
      expect(findings, `npm run test:simulation -- --seed ${seed} --trace`).toEqual([]);
      expect(faults).toBeGreaterThanOrEqual(3);
      expect(simulatedMs).toBeGreaterThanOrEqual(10_000);
      expect(acknowledged + failed + unknown).toBeGreaterThanOrEqual(500);
    }
  });

  it('replays: the same seed has the same trace, another seed another one', { timeout: SUITE_MS_MAX }, async () => {
    const [one, again, other] = [await runSeed(7), await runSeed(7, { readable: true }), await runSeed(8)];
    expect(again.hash).toBe(one.hash);
    expect(again.events).toBe(one.events);
    expect(other.hash).not.toBe(one.hash);
  });
});

const PUBLISHED = publishedSeeds();
const SEARCH = 'npm run test:simulation -- --mutations --write';

describe.each(MUTATIONS.map((mutation) => [mutation.name, mutation] as const))('the planted bug %s', (name, mutation) => {
  it(`is found by one of the first ${MUTATION_SEEDS} seeds, and only where it is planted`, { timeout: SUITE_MS_MAX }, async () => {
    const published = PUBLISHED.get(name) ?? 0;
    expect(published, `a row in docs/simulation.md: ${SEARCH}`).toBeGreaterThan(0);
    expect(published).toBeLessThanOrEqual(MUTATION_SEEDS);
    // A change anywhere may make another seed the first; the one of the page most probably still finds it.
    const found = (await findMutation(mutation, published, 1)) ?? (await findMutation(mutation, SEEDS_FROM, MUTATION_SEEDS));
    expect(found, 'a seed that finds it').toBeDefined();
    const seed = found?.seed ?? SEEDS_FROM;
    // The same run without the bug shows nothing of it: what was found is the bug's doing.
    const healthy = await runSeed(seed, { scenario: scenarioOf(mutation) });
    expect(shows(mutation, healthy), JSON.stringify(healthy.findings[0])).toBe(false);
  });
});
