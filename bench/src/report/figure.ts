import type { Spread } from '../measure/statistics.ts';

/** One line of the report. */
export interface Figure {
  /** Which part of the benchmark it belongs to. */
  readonly group: string;
  readonly name: string;
  readonly unit: string;
  readonly ours: Spread;
  /** Kafka's figure of the same run, and ours divided by it, pair by pair. */
  readonly kafka?: Spread;
  readonly ratio?: Spread;
  /** The ratio to reach, or the limit of our own figure; with which way is better. */
  readonly goal?: { readonly kind: 'ratio at least' | 'ratio at most' | 'at least' | 'at most'; readonly value: number };
}

/** Whether the median reaches the goal; undefined where there is none, or nothing to compare with. */
export function reached(figure: Figure): boolean | undefined {
  const { goal, ours, ratio } = figure;
  switch (goal?.kind) {
    case undefined:
      return undefined;
    case 'at least':
      return ours.median >= goal.value;
    case 'at most':
      return ours.median <= goal.value;
    case 'ratio at least':
      return ratio && ratio.median >= goal.value;
    case 'ratio at most':
      return ratio && ratio.median <= goal.value;
  }
}
