import { describe, expect, it } from 'vitest';
import { ERROR_CATALOGUE } from './catalogue.ts';
import { MoldauError } from './moldau-error.ts';

describe('MoldauError', () => {
  it('takes code, status, retriability and certainty from the catalogue', () => {
    const error = new MoldauError('NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'one replica of two is in sync');
    const { code, status, retriable, certainty } = ERROR_CATALOGUE.NOT_ENOUGH_REPLICAS_AFTER_APPEND;
    expect([error.code, error.status, error.retriable, error.certainty]).toEqual([code, status, retriable, certainty]);
  });

  it('carries the facts and the message it was given', () => {
    const error = new MoldauError('UNKNOWN_TOPIC', "no topic 'orders'", { topic: 'orders' });
    expect(error.message).toBe("no topic 'orders'");
    expect(error.facts).toEqual({ topic: 'orders' });
    expect(error.reason).toBe('UNKNOWN_TOPIC');
    expect(error.name).toBe('MoldauError');
  });

  it('carries a cause and a delay only when it was given them', () => {
    const cause = new Error('socket closed');
    const error = new MoldauError('CONNECTION_FAILED', 'lost', {}, { cause, retryAfterMs: 50 });
    expect([error.cause, error.retryAfterMs]).toEqual([cause, 50]);
    const bare = new MoldauError('CONNECTION_FAILED', 'lost');
    expect(Object.hasOwn(bare, 'cause')).toBe(false);
    expect(bare.retryAfterMs).toBeUndefined();
  });

  it('names the place in the documentation that explains it', () => {
    expect(new MoldauError('UNKNOWN_TOPIC', 'gone').help).toBe('docs/errors.md#unknown_topic');
  });

  it('passes a MoldauError through `from` unchanged', () => {
    const error = new MoldauError('UNKNOWN_TOPIC', 'gone');
    expect(MoldauError.from(error)).toBe(error);
  });

  it.each([
    ['an Error', new TypeError('x is undefined'), 'x is undefined'],
    ['a string', 'broken', 'broken'],
    ['nothing', undefined, 'undefined'],
  ])('turns %s into INTERNAL with the original as its cause', (_what, caught, message) => {
    const error = MoldauError.from(caught);
    expect([error.reason, error.message, error.cause]).toEqual(['INTERNAL', message, caught]);
  });
});
