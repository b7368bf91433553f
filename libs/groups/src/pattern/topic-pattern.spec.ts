import { describe, expect, it } from 'vitest';
import { reasonOf } from '../testing/shard-fixture.ts';
import { compileTopicPattern } from './topic-pattern.ts';

describe('a topic pattern', () => {
  it('matches whole names', () => {
    const pattern = compileTopicPattern('orders-(eu|us)');
    expect(['orders-eu', 'orders-us', 'orders-eu-2', 'my-orders-eu'].map((name) => pattern.matches(name))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('that would explode elsewhere is matched at once', () => {
    const pattern = compileTopicPattern('(a+)+(a+)+(a|aa)*b');
    expect(pattern.matches('a'.repeat(249))).toBe(false);
  }, 2_000);

  it.each(['', '(', '(?=a)a', '(((a{1000}){1000}){1000})', 'a'.repeat(1_025)])('%s is refused', (expression) => {
    expect(reasonOf(() => compileTopicPattern(expression))).toBe('INVALID_TOPIC_PATTERN');
  });
});
