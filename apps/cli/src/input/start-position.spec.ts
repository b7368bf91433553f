import { describe, expect, it } from 'vitest';
import { startPosition } from './start-position.ts';

describe('startPosition', () => {
  it('takes the two ends of the log', () => {
    expect(startPosition('earliest')).toBe('earliest');
    expect(startPosition('latest')).toBe('latest');
  });

  it('takes digits as an offset', () => {
    expect(startPosition('42')).toEqual({ offset: 42 });
  });

  it('takes an ISO time and milliseconds behind an @', () => {
    expect(startPosition('2026-01-31T12:00:00Z')).toEqual({ timestampMs: Date.UTC(2026, 0, 31, 12) });
    expect(startPosition('@1700000000000')).toEqual({ timestampMs: 1_700_000_000_000 });
  });

  it.each(['', 'now', '-1', '1.5', '99999999999999999999', 'tomorrow'])('refuses %j and says what is allowed', (text) => {
    expect(() => startPosition(text)).toThrow('is not earliest, latest, an offset');
  });
});
