import { describe, expect, it } from 'vitest';
import { runKillLoop } from './run-kill-loop.ts';

/** `npm run test:chaos` does a hundred. */
const KILLS = 5;
const TIMEOUT_MS = 180_000;

describe('kill -9 under load', () => {
  it.each(['sync', 'async'] as const)(
    'loses, duplicates, reorders and alters no acknowledged record (flush=%s)',
    async (flush) => {
      const result = await runKillLoop({ kills: KILLS, flush, seed: 1 });
      expect(result.anomalies.slice(0, 10)).toEqual([]);
      expect(result.acknowledged).toBeGreaterThan(KILLS);
      expect(result.failed).toBe(0);
    },
    TIMEOUT_MS,
  );
});
