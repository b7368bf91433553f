import { assert } from '@moldau/kernel';

/** Least, middle and greatest of some figures. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  assert(values.length > 0, 'a spread needs a value');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
  return { min: sorted[0] ?? 0, median, max: sorted.at(-1) ?? 0 };
}

/** Ours divided by theirs, pair by pair: what a machine whose speed drifts still tells. */
export function ratiosOf(ours: readonly number[], theirs: readonly number[]): Spread {
  assert(ours.length === theirs.length, 'ratios come from pairs', { ours: ours.length, theirs: theirs.length });
  return spreadOf(ours.map((value, index) => value / (theirs[index] ?? Number.NaN)));
}

/** The least value that so many per cent of them don't exceed. */
export function percentileOf(values: readonly number[], percent: number): number {
  assert(values.length > 0, 'a percentile needs a value');
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? 0;
}
