import { describe, expect, it } from 'vitest';
import { AssertionError, assert, present, unreachable } from './assert.ts';

describe('assert', () => {
  it('lets a true condition pass', () => {
    expect(() => assert(true, 'never said')).not.toThrow();
  });

  it('throws an AssertionError with the message and the facts', () => {
    expect(() => assert(false, 'the end lies before the start', { start: 3, end: 2 })).toThrow(
      expect.objectContaining({
        name: 'AssertionError',
        message: 'the end lies before the start {"start":3,"end":2}',
        facts: { start: 3, end: 2 },
      }),
    );
  });

  it('adds nothing to the message when there are no facts', () => {
    expect(new AssertionError('broken', {}).message).toBe('broken');
  });
});

describe('present', () => {
  it.each([0, '', false])('gives back %j, which is a value', (value) => {
    expect(present(value, 'missing')).toBe(value);
  });

  it.each([undefined, null])('throws on %j', (value) => {
    expect(() => present(value, 'the leader is missing')).toThrow(new AssertionError('the leader is missing', {}));
  });
});

describe('unreachable', () => {
  it('throws with the value that no case took', () => {
    expect(() => unreachable('surprise' as never)).toThrow('unreachable {"value":"surprise"}');
  });
});
