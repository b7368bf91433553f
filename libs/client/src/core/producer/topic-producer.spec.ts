import { murmur2 } from '@moldau/records';
import { describe, expect, it } from 'vitest';
import { failure, setUpProducer, TEXT, type TextProducer } from '../../testing/text-producer.contract.ts';

describe('choosing a partition', () => {
  it('hashes keys as other clients do', async () => {
    const { cluster, producer, scheduler } = setUpProducer();
    cluster.createTopic('keyed', 7);
    const placed = await scheduler.until(Promise.all(['a', 'bb', 'ccc'].map((key) => producer.send({ topic: 'keyed', key, value: 'v' }))));
    expect(placed.map(({ partition }) => partition)).toEqual(
      ['a', 'bb', 'ccc'].map((key) => (murmur2(Buffer.from(key)) & 0x7fff_ffff) % 7),
    );
  });

  it('spreads keyless records evenly, a batch at a time', async () => {
    const { cluster, producer, scheduler } = setUpProducer({ batchBytes: 1024 });
    const topic = cluster.createTopic('spread', 4);
    for (let round = 0; round < 40; round++) {
      const sent = Array.from({ length: 50 }, () => producer.send({ topic: 'spread', value: 'x'.repeat(100) }));
      await scheduler.until(Promise.all(sent));
    }
    const counts = topic.partitions.map(({ end }) => end);
    expect(counts.reduce((sum, count) => sum + count)).toBe(2000);
    for (const count of counts) expect(count).toBeGreaterThan(350);
    expect(topic.partitions.reduce((sum, { batches }) => sum + batches.length, 0)).toBeLessThan(300);
  });

  it('takes a partition or a partitioner, and refuses what the topic does not have', async () => {
    const { cluster, producer, moldau, scheduler } = setUpProducer();
    cluster.createTopic('orders', 3);
    expect((await scheduler.until(producer.send({ topic: 'orders', value: 'v', partition: 2 }))).partition).toBe(2);
    const bad = await scheduler.until(failure(producer.send({ topic: 'orders', value: 'v', partition: 3 })));
    expect(bad).toMatchObject({ reason: 'INVALID_PARTITION', facts: { partition: '3', partitions: '3', topic: 'orders' } });
    const custom: TextProducer = moldau.producer({ ...TEXT, partitioner: (record, count) => (record.value?.length ?? 0) % count });
    expect((await scheduler.until(custom.send({ topic: 'orders', value: 'four' }))).partition).toBe(1);
    const wrong: TextProducer = moldau.producer({ ...TEXT, partitioner: () => Number.NaN });
    expect((await scheduler.until(failure(wrong.send({ topic: 'orders', value: 'v' })))).reason).toBe('INVALID_PARTITION');
  });

  it('sees partitions that are added', async () => {
    const { cluster, producer, scheduler } = setUpProducer();
    cluster.createTopic('grows', 1);
    await scheduler.until(producer.send({ topic: 'grows', value: 'v' }));
    cluster.addPartitions('grows', 2);
    await scheduler.runFor(310_000);
    expect((await scheduler.until(producer.send({ topic: 'grows', value: 'v', partition: 1 }))).partition).toBe(1);
  });
});
