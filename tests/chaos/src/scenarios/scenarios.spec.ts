import { dirname, join } from 'node:path';
import { checkHistoryFile, scratchDirectory } from '@moldau/harness';
import { describe, expect, it } from 'vitest';
import { HISTORY_FILE } from '../run/run-folder.ts';
import { runScenario } from '../run/run-scenario.ts';
import { bounceLeader } from './bounce-leader.ts';
import { killAll } from './kill-all.ts';

/** `npm run test:chaos` does two hundred. */
const KILLS = 5;
const TIMEOUT_MS = 180_000;

describe('kill -9 under load', () => {
  it.each(['sync', 'async'] as const)(
    'loses, duplicates, reorders and alters no acknowledged record (flush=%s)',
    async (flush) => {
      using scratch = scratchDirectory('chaos');
      const { verdict, folder, figures } = await runScenario(killAll, { rounds: KILLS, flush, seed: 1, parent: scratch.path });
      expect(verdict.anomalies.slice(0, 10)).toEqual([]);
      expect(verdict.sends.ok).toBeGreaterThan(KILLS);
      expect(verdict.sends.fail).toBe(0);
      expect(figures['restartMsMax']).toBeGreaterThan(0);
      expect(dirname(folder)).toBe(scratch.path);
      expect(await checkHistoryFile(join(folder, HISTORY_FILE))).toEqual(verdict);
    },
    TIMEOUT_MS,
  );
});

it(
  'clean and hard bounces of a leader under load keep each acknowledged record once',
  async () => {
    using scratch = scratchDirectory('chaos');
    const { verdict } = await runScenario(bounceLeader, { rounds: 2, flush: 'sync', seed: 2, parent: scratch.path });
    expect(verdict.anomalies.slice(0, 10)).toEqual([]);
    expect(verdict.sends.ok).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);
