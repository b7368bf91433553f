import { describe, expect, it } from 'vitest';
import { failure, setUpProducer } from '../../testing/text-producer.contract.ts';

describe('the buffer', () => {
  it('makes send wait in order while it is full', async () => {
    const { cluster, producer, scheduler } = setUpProducer({ bufferBytes: 64 * 1024, batchBytes: 16 * 1024 });
    const topic = cluster.createTopic('orders');
    await scheduler.until(producer.send({ topic: 'orders', value: 'warm' }));
    const values = Array.from({ length: 500 }, (_, index) => `${index} ${'x'.repeat(1000)}`);
    const sent = values.map((value) => producer.send({ topic: 'orders', value }));
    expect(producer.writable).toBe(false);
    expect(producer.stats().waitingSends).toBeGreaterThan(400);
    expect(producer.stats().bufferedBytes).toBeLessThan(66 * 1024);
    await scheduler.until(Promise.all(sent));
    expect(topic.partitions[0]?.values().slice(1)).toEqual(values);
    await scheduler.until(producer.drained());
    expect(producer.stats()).toMatchObject({ waitingSends: 0, bufferedBytes: 0, recordsAcknowledged: 501 });
  });

  it('is full for maxBlockMs at most', async () => {
    const { cluster, producer, scheduler } = setUpProducer({ bufferBytes: 64 * 1024, maxBlockMs: 1000, deliveryTimeoutMs: 60_000 });
    const topic = cluster.createTopic('orders');
    await scheduler.until(producer.send({ topic: 'orders', value: 'warm' }));
    topic.partitions[0]?.moveTo(undefined);
    const sent = Array.from({ length: 80 }, () => producer.send({ topic: 'orders', value: 'x'.repeat(1000) }));
    const settled = Promise.allSettled(sent);
    const full = await scheduler.until(failure(sent[79]!));
    expect(full).toMatchObject({ reason: 'BUFFER_FULL', certainty: 'definite', facts: { topic: 'orders', limit: '65536' } });
    topic.partitions[0]?.moveTo(0);
    const outcomes = await scheduler.until(settled);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(topic.partitions[0]!.end - 1);
  });

  it('a send that is aborted while it waits is never sent', async () => {
    const { cluster, producer, scheduler } = setUpProducer({ bufferBytes: 64 * 1024 });
    const topic = cluster.createTopic('orders');
    await scheduler.until(producer.send({ topic: 'orders', value: 'warm' }));
    const rest = Array.from({ length: 80 }, () => producer.send({ topic: 'orders', value: 'x'.repeat(1000) }));
    const controller = new AbortController();
    const aborted = failure(producer.send({ topic: 'orders', value: 'aborted' }, { signal: controller.signal }));
    controller.abort();
    expect(await aborted).toMatchObject({ reason: 'CANCELLED' });
    await scheduler.until(Promise.all(rest));
    expect(topic.partitions[0]?.values()).not.toContain('aborted');
  });
});
