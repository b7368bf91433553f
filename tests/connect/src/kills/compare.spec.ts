import { describe, expect, it } from 'vitest';
import { differences } from './compare.ts';

describe('what arrived', () => {
  it('is right when it is the same, in whatever order where order does not count', () => {
    expect(differences(['a', 'b'], ['a', 'b'], true)).toEqual([]);
    expect(differences(['a', 'b'], ['b', 'a'], false)).toEqual([]);
    expect(differences(['a', 'b'], ['b', 'a'], true)).toEqual(['all 2 are there, and not in order']);
  });

  it('is named where it is missing, doubled or never given', () => {
    expect(differences(['a', 'b', 'c'], ['a', 'a', 'x'], false)).toEqual([
      '2 of 3 missing: b, c',
      '1 of 3 more than once: a',
      '1 of 3 never given: x',
    ]);
  });
});
