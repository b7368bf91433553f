import { describe, expect, it } from 'vitest';
import { resetTarget } from './reset-target.ts';

describe('where a reset goes', () => {
  it.each([
    ['earliest', 'earliest'],
    ['latest', 'latest'],
    ['42', { offset: 42 }],
    ['+5', { shift: 5 }],
    ['-12', { shift: -12 }],
    ['90s', { agoMs: 90_000 }],
    ['2h', { agoMs: 7_200_000 }],
    ['@1700000000000', { timestampMs: 1_700_000_000_000 }],
    ['2026-01-31T12:00:00Z', { timestampMs: Date.UTC(2026, 0, 31, 12) }],
  ])('reads %s', (text, target) => expect(resetTarget(text)).toEqual(target));

  it.each(['', 'soon', '5w', '+', '--3', '1.5'])('refuses %s', (text) => expect(() => resetTarget(text)).toThrow('is not'));
});
