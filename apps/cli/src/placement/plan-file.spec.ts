import { MoldauError } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { parsePlan } from './plan-file.ts';

function refusal(content: string): MoldauError {
  try {
    parsePlan('plan.json', content);
  } catch (caught) {
    return MoldauError.from(caught);
  }
  throw new Error('taken');
}

describe('a plan file', () => {
  it("is what Kafka's tool writes", () => {
    const text = '{"version":1,"partitions":[{"topic":"orders","partition":2,"replicas":[1,3],"log_dirs":["any","any"]}]}';
    expect(parsePlan('plan.json', text)).toEqual([{ topic: 'orders', partition: 2, replicas: [1, 3] }]);
    expect(parsePlan('plan.json', '{"partitions":[]}')).toEqual([]);
  });

  it.each([
    ['{', 'not JSON'],
    ['[]', '"partitions"'],
    ['{"version":2,"partitions":[]}', '"version"'],
    ['{"partitions":[7]}', '"partitions"[0]'],
    ['{"partitions":[{"topic":"","partition":0,"replicas":[1]}]}', '"partitions"[0].topic'],
    ['{"partitions":[{"topic":"a","partition":-1,"replicas":[1]}]}', '"partitions"[0].partition'],
    ['{"partitions":[{"topic":"a","partition":0,"replicas":["1"]}]}', '"partitions"[0].replicas'],
    ['{"partitions":[{"topic":"a","partition":0}]}', 'missing'],
    ['{"partitions":[{"topic":"a","partition":0,"replicas":[1]},{"topic":"a","partition":0,"replicas":[2]}]}', 'each partition once'],
  ])('that is wrong is refused with what is wrong: %s', (content, named) => {
    const error = refusal(content);
    expect(error).toMatchObject({ reason: 'INVALID_REQUEST', facts: { path: 'plan.json' } });
    expect(error.message).toContain(named);
  });
});
