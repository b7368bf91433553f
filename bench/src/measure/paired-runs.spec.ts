import { describe, expect, it } from 'vitest';
import { PairedRuns } from './paired-runs.ts';

describe('PairedRuns', () => {
  it('has no ratio to a figure of none', () => {
    const runs = new PairedRuns();
    runs.add(0.5, 0);
    runs.add(0.5, 1);
    expect(runs.comparison(true).ratio).toBeUndefined();
  });

  it('takes ratios of whole pairs only, and counts the others', () => {
    const runs = new PairedRuns();
    runs.add(30, 10);
    runs.add(40, undefined);
    runs.add(20, 20);
    expect(runs.comparison(true)).toEqual({
      ours: { min: 20, median: 30, max: 40 },
      kafka: { min: 10, median: 15, max: 20 },
      ratio: { min: 1, median: 2, max: 3 },
      missingPairs: 1,
    });
  });

  it('has no ratio when no pair is whole, and says how many are missing', () => {
    const runs = new PairedRuns();
    runs.add(30, undefined);
    expect(runs.comparison(true)).toEqual({ ours: { min: 30, median: 30, max: 30 }, missingPairs: 1 });
    expect(runs.comparison(false)).toEqual({ ours: { min: 30, median: 30, max: 30 } });
  });
});
