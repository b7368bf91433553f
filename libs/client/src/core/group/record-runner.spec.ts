import { readBatch } from '@moldau/records';
import { SeededRandom } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import { fill, numbers } from '../../testing/text-consumer.contract.ts';
import { appendKeyed, setUpGroup } from '../../testing/text-group.contract.ts';
import { failure } from '../../testing/text-producer.contract.ts';
import { delay } from '../delay.ts';

describe('run', () => {
  it('hands over all records of a partition in their order, and ends when the consumer is closed', async () => {
    const { cluster, scheduler, member, committed } = setUpGroup();
    const topic = cluster.createTopic('orders', 2);
    for (const partition of topic.partitions) fill(partition, 30);
    const consumer = member();
    const values: string[] = [];
    const running = consumer.run(async (record) => {
      await delay(scheduler, 2);
      values.push(record.value ?? '');
    });
    await scheduler.runFor(1_000);
    for (const index of [0, 1]) expect(values.filter((value) => value.startsWith(`${index}:`))).toEqual(numbers(index, 0, 30));
    await scheduler.until(consumer.close());
    await scheduler.until(running);
    expect([0, 1].map(committed)).toEqual([30, 30]);
  });

  it('lets a slow key hold up nothing but itself, and commits nothing beyond it', async () => {
    const { cluster, scheduler, member, committed } = setUpGroup();
    const topic = cluster.createTopic('orders');
    appendKeyed(
      topic.partitions[0],
      Array.from({ length: 100 }, (_, index) => (index === 7 ? 'slow' : `k${index % 5}`)),
    );
    const consumer = member({ autoCommitIntervalMs: 50 });
    const values: string[] = [];
    const running = consumer.run(
      async (record) => {
        await delay(scheduler, record.key === 'slow' ? 10_000 : 1);
        values.push(record.value ?? '');
      },
      { concurrency: 8, ordering: 'key' },
    );
    await scheduler.runFor(2_000);
    expect(values).toHaveLength(99);
    expect(committed(0)).toBe(7);
    for (const key of ['k0', 'k1', 'k2', 'k3', 'k4']) {
      const places = values.filter((value) => value.startsWith(`${key}@`)).map((value) => Number(value.split('@')[1]));
      expect(places).toEqual([...places].sort((one, other) => one - other));
    }
    await scheduler.runFor(9_000);
    expect(committed(0)).toBe(100);
    await scheduler.until(Promise.all([consumer.close(), running]));
  });

  it('tries a failing record again, in its place', async () => {
    const { cluster, scheduler, member } = setUpGroup();
    fill(cluster.createTopic('orders').partitions[0], 5);
    const consumer = member();
    const values: string[] = [];
    const running = consumer.run((record, { attempt }) => {
      if (record.offset === 2 && attempt < 4) throw new Error('not yet');
      values.push(`${record.value}#${attempt}`);
    });
    await scheduler.runFor(3_000);
    expect(values).toEqual(['0:0#1', '0:1#1', '0:2#4', '0:3#1', '0:4#1']);
    await scheduler.until(Promise.all([consumer.close(), running]));
  });

  it('writes a record that fails for good to the dead-letter topic, whole and with the cause, and goes on', async () => {
    const { cluster, scheduler, member, committed } = setUpGroup();
    appendKeyed(cluster.createTopic('orders').partitions[0], ['a', 'b', 'c']);
    const letters = cluster.createTopic('letters');
    const consumer = member();
    const done: string[] = [];
    const running = consumer.run(
      (record) => {
        if (record.key === 'b') throw new TypeError('poison');
        done.push(record.value ?? '');
      },
      { retries: 2, retryBackoffMs: 10, deadLetterTopic: 'letters' },
    );
    await scheduler.runFor(2_000);
    await scheduler.until(Promise.all([consumer.close(), running]));
    expect(done).toEqual(['a@0', 'c@2']);
    expect(committed(0)).toBe(3);
    const [letter] = (letters.partitions[0]?.batches ?? []).flatMap((batch) => [...readBatch(batch)]);
    expect(letter?.key?.toString()).toBe('b');
    expect(letter?.value?.toString()).toBe('b@1');
    expect(letter?.timestamp).toBe(1_000);
    expect(Object.fromEntries(letter?.headers.map(({ key, value }) => [key, value?.toString()]) ?? [])).toMatchObject({
      trace: 't',
      'moldau-dead-letter-topic': 'orders',
      'moldau-dead-letter-partition': '0',
      'moldau-dead-letter-offset': '1',
      'moldau-dead-letter-group': 'readers',
      'moldau-dead-letter-attempts': '3',
      'moldau-dead-letter-error': 'TypeError',
    });
  });

  it('commits nothing beyond a record whose dead letter is not acknowledged', async () => {
    const { cluster, scheduler, member, committed } = setUpGroup();
    const orders = cluster.createTopic('orders');
    fill(orders.partitions[0], 5);
    const letters = cluster.createTopic('letters');
    cluster.faults.produce = ({ topicId }) => (topicId === letters.topicId ? { t: 'silence' } : undefined);
    const consumer = member({ autoCommitIntervalMs: 50 });
    const running = consumer.run(
      (record) => {
        if (record.offset === 3) throw new Error('poison');
      },
      { retries: 0, deadLetterTopic: 'letters' },
    );
    running.catch(() => {});
    await scheduler.runFor(5_000);
    expect(committed(0)).toBe(3);
    await scheduler.until(consumer.close({ timeoutMs: 100 }));
    expect(committed(0)).toBe(3);
  });

  it('ends with HANDLER_FAILED without a dead-letter topic; another run begins with that record', async () => {
    const { cluster, scheduler, member, committed } = setUpGroup();
    fill(cluster.createTopic('orders').partitions[0], 10);
    const consumer = member({ autoCommitIntervalMs: 50 });
    const running = consumer.run(
      (record) => {
        if (record.offset === 4) throw new Error('poison');
      },
      { retries: 1, retryBackoffMs: 1 },
    );
    const error = await scheduler.until(failure(running));
    expect(error.reason).toBe('HANDLER_FAILED');
    expect(error.facts).toMatchObject({ topic: 'orders', partition: '0', offset: '4', attempts: '2' });
    await scheduler.runFor(500);
    expect(committed(0)).toBe(4);
    const again: number[] = [];
    const second = consumer.run((record) => {
      again.push(record.offset);
    });
    await scheduler.runFor(500);
    expect(again).toEqual([4, 5, 6, 7, 8, 9]);
    await scheduler.until(Promise.all([consumer.close(), second]));
  });

  it('finishes what is under way before a partition goes, and leaves the rest to the next owner', async () => {
    const { cluster, scheduler, member, read, committed } = setUpGroup();
    fill(cluster.createTopic('orders', 2).partitions[1], 10);
    const consumer = member();
    const finished: number[] = [];
    const running = consumer.run(async (record) => {
      await delay(scheduler, 1_500);
      finished.push(record.offset);
    });
    await scheduler.runFor(700);
    const other = read();
    await scheduler.runFor(4_000);
    expect(other.values).toEqual(numbers(1, finished.length, 10));
    expect(committed(1)).toBe(finished.length);
    expect(finished.length).toBeLessThan(4);
    await scheduler.until(Promise.all([consumer.close(), running, other.consumer.close()]));
  });

  it('gives a paused partition no records, and then those that waited', async () => {
    const { cluster, scheduler, member } = setUpGroup();
    fill(cluster.createTopic('orders').partitions[0], 20);
    const consumer = member();
    const values: string[] = [];
    const running = consumer.run(async (record) => {
      await delay(scheduler, 10);
      values.push(record.value ?? '');
    });
    await scheduler.runFor(100);
    consumer.pause({ topic: 'orders', partition: 0 });
    await scheduler.runFor(20);
    const before = values.length;
    await scheduler.runFor(1_000);
    expect(values).toHaveLength(before);
    consumer.resume({ topic: 'orders', partition: 0 });
    await scheduler.runFor(1_000);
    expect(values).toEqual(numbers(0, 0, 20));
    await scheduler.until(Promise.all([consumer.close(), running]));
  });
});

describe.each(['partition', 'key'] as const)('what is committed, with the order of each %s', (ordering) => {
  it.each([1, 2, 3, 4, 5, 6])('never passes an unfinished record, over rebalances, failures and crashes (seed %i)', async (seed) => {
    const random = new SeededRandom(seed);
    const { cluster, scheduler, member, group, committed } = setUpGroup(2);
    const topic = cluster.createTopic('orders', 3);
    const keys = (): string[] => Array.from({ length: 100 }, () => `k${random.below(9)}`);
    const finished = new Set<string>();
    const check = (): void => {
      for (const [key, { offset }] of group.committed) {
        for (let each = 0; each < offset; each++)
          expect(finished.has(`${key.split(':')[1]}:${each}`), `${key} at ${each} of ${offset}`).toBe(true);
      }
    };
    const start = () => {
      const consumer = member({ autoCommitIntervalMs: 40 });
      const running = consumer.run(
        async (record) => {
          await delay(scheduler, 1 + random.below(30));
          if (random.fraction() < 0.05) throw new Error('sometimes');
          finished.add(`${record.partition}:${record.offset}`);
        },
        { concurrency: 1 + random.below(6), ordering, retryBackoffMs: 5 },
      );
      running.catch(() => {});
      return { consumer, running };
    };
    let members = [start()];
    for (let round = 0; round < 12; round++) {
      for (const partition of topic.partitions) appendKeyed(partition, keys());
      await scheduler.runFor(200 + random.below(800));
      check();
      const dice = random.fraction();
      if (dice < 0.3) members.push(start());
      else if (dice < 0.5 && members.length > 1) await scheduler.until(members.shift()!.consumer.close());
      else if (dice < 0.7) for (const streams of cluster.streams.values()) for (const stream of [...streams]) stream.break();
      else if (dice < 0.85)
        for (const { consumer } of members.slice(0, 1)) {
          const [held] = consumer.assignment();
          if (held !== undefined)
            await scheduler.until(consumer.seek(held, { offset: random.below((committed(held.partition) ?? 0) + 1) }));
        }
    }
    await scheduler.runFor(60_000);
    for (const { consumer } of members) await scheduler.until(consumer.close());
    check();
    expect(finished.size).toBe(3 * 12 * 100);
    members = [];
  });
});
