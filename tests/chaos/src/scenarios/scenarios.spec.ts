import { dirname, join } from 'node:path';
import { checkHistoryFile, scratchDirectory } from '@moldau/harness';
import { describe, expect, it } from 'vitest';
import { whyNoCluster } from '../cluster/start-chaos-cluster.ts';
import { HISTORY_FILE } from '../run/run-folder.ts';
import { runScenario } from '../run/run-scenario.ts';
import { SCENARIOS } from './all-scenarios.ts';
import { bounceLeader } from './bounce-leader.ts';
import { killAll } from './kill-all.ts';

/** `npm run test:chaos` does more of them, and longer. */
const KILLS = 3;
const TIMEOUT_MS = 180_000;
const STANDALONE = { brokers: 1, coordinators: 0, etcd: 0 };

it('each scenario has a name of its own', () => {
  expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length);
});

describe('kill -9 of a standalone under load', () => {
  it.each(['sync', 'async'] as const)(
    'loses, duplicates, reorders and alters no acknowledged record (flush=%s)',
    async (flush) => {
      using scratch = scratchDirectory('chaos');
      const options = { rounds: KILLS, flush, seed: 1, parent: scratch.path, shape: STANDALONE, recordsPerSecond: 500 };
      const { verdict, findings, folder } = await runScenario(killAll, options);
      expect(verdict.anomalies.slice(0, 10)).toEqual([]);
      expect(findings).toEqual([]);
      expect(verdict.sends.ok).toBeGreaterThan(KILLS);
      expect(verdict.sends.fail).toBe(0);
      expect(dirname(folder)).toBe(scratch.path);
      expect(await checkHistoryFile(join(folder, HISTORY_FILE))).toEqual(verdict);
    },
    TIMEOUT_MS,
  );
});

it(
  'clean and hard bounces of leaders among three replicas keep each acknowledged record once, on each of them',
  async (context) => {
    const reason = await whyNoCluster(bounceLeader.needs);
    if (reason !== undefined) return context.skip(reason);
    using scratch = scratchDirectory('chaos');
    const { verdict, findings } = await runScenario(bounceLeader, { rounds: 2, flush: 'sync', seed: 2, parent: scratch.path });
    expect(verdict.anomalies.slice(0, 10)).toEqual([]);
    expect(findings).toEqual([]);
    expect(verdict.sends.ok).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);
