import { SeededRandom } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import { BACKOFF_INITIAL_MS, BACKOFF_MAX_MS, backoffMs } from './backoff.ts';

describe('backoffMs', () => {
  it('spreads over a range that doubles up to its maximum', () => {
    const random = new SeededRandom(1);
    for (const attempt of [0, 1, 2, 3, 4, 50, 10_000]) {
      const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_INITIAL_MS * 2 ** Math.min(attempt, 20));
      const waits = Array.from({ length: 500 }, () => backoffMs(random, attempt));
      expect(Math.max(...waits)).toBeLessThanOrEqual(ceiling);
      expect(Math.max(...waits)).toBeGreaterThan(ceiling * 0.9);
      expect(Math.min(...waits)).toBeGreaterThanOrEqual(1);
      expect(Math.min(...waits)).toBeLessThan(ceiling * 0.1);
    }
  });
});
