import { describe, expect, it } from 'vitest';
import { ratiosOf, spreadOf } from './statistics.ts';

describe('spreadOf', () => {
  it('takes the middle of an odd number and the mean of the two middles of an even one', () => {
    expect(spreadOf([5, 1, 3])).toEqual({ min: 1, median: 3, max: 5 });
    expect(spreadOf([4, 1, 3, 2])).toEqual({ min: 1, median: 2.5, max: 4 });
  });
});

describe('ratiosOf', () => {
  it('divides pair by pair, not median by median', () => {
    expect(ratiosOf([10, 100], [10, 50])).toEqual({ min: 1, median: 1.5, max: 2 });
  });
});
