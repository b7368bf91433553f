import type { Comparison } from '../measure/paired-runs.ts';
import { type Spread, spreadOf } from '../measure/statistics.ts';

/** What a figure has to reach: a ratio to Kafka's, or our own figure; with which way is better. */
export interface Goal {
  readonly kind: 'ratio at least' | 'ratio at most' | 'at least' | 'at most';
  readonly value: number;
}

/** One line of the report. */
export interface Figure extends Comparison {
  /** Which part of the benchmark it belongs to: the heading of its table. */
  readonly group: string;
  readonly name: string;
  readonly unit: string;
  readonly goal?: Goal;
}

/** A figure that stands alone, of one run or several. */
export function figureOf(
  place: { readonly group: string; readonly name: string; readonly unit: string },
  values: number | Spread | readonly number[],
  goal?: Goal,
): Figure {
  const ours = typeof values === 'number' ? spreadOf([values]) : 'median' in values ? values : spreadOf(values);
  return { ...place, ours, ...(goal === undefined ? {} : { goal }) };
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
