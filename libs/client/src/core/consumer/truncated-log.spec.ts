import type { MoldauError } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { fill, numbers, setUpConsumer, take } from '../../testing/text-consumer.contract.ts';

const TOPIC = { topic: 'orders', partition: 0 };

describe.each(['stream', 'poll'] as const)('a consumer by %s of a log that lost records in an election', (fetchMode) => {
  it.each(['error', 'latest', 'earliest'] as const)(
    'is told so with the offset from which the log is another, whatever it does with positions outside the log (%s)',
    async (onOutOfRange) => {
      const { cluster, consumer, scheduler } = setUpConsumer(2);
      const [partition] = cluster.createTopic('orders').partitions;
      fill(partition, 40);
      const reading = consumer({ fetchMode, assignment: [TOPIC], onOutOfRange });
      expect(await scheduler.until(take(reading, 40))).toEqual(numbers(0, 0, 40));
      const next = take(reading, 1).catch((error: MoldauError) => error);
      partition?.electUncleanly(1, 20);
      // As long as it was: the offsets alone tell nothing.
      fill(partition, 40);
      const error = await scheduler.until(next);
      expect(error).toMatchObject({ reason: 'LOG_TRUNCATED', facts: { topic: 'orders', partition: '0', diverging_offset: '20' } });
      await scheduler.until(reading.seek(TOPIC, { offset: 20 }));
      expect(await scheduler.until(take(reading, 40))).toEqual(numbers(0, 0, 40));
    },
  );

  it('that has not read so far notices nothing', async () => {
    const { cluster, consumer, scheduler } = setUpConsumer(2);
    const [partition] = cluster.createTopic('orders').partitions;
    fill(partition, 20);
    const reading = consumer({ fetchMode, assignment: [TOPIC] });
    expect(await scheduler.until(take(reading, 20))).toEqual(numbers(0, 0, 20));
    partition?.moveTo(1);
    fill(partition, 10);
    expect(await scheduler.until(take(reading, 10))).toEqual(numbers(0, 0, 10));
    partition?.electUncleanly(0, 30);
    fill(partition, 10);
    expect(await scheduler.until(take(reading, 10))).toEqual(numbers(0, 0, 10));
  });
});
