import { describe, expect, it } from 'vitest';
import { simulate } from '../../testing/simulation.contract.ts';
import { failure, scripted, setUpProducer, TEXT, type TextProducer } from '../../testing/text-producer.contract.ts';

describe('when things fail', () => {
  it('follows the leader to another broker, in order', async () => {
    const { cluster, producer, scheduler } = setUpProducer({ batchBytes: 1024 }, 2);
    const topic = cluster.createTopic('orders');
    await scheduler.until(producer.send({ topic: 'orders', value: 'warm' }));
    const sent = Array.from({ length: 100 }, (_, index) => producer.send({ topic: 'orders', value: `${index} ${'x'.repeat(100)}` }));
    await scheduler.runFor(1);
    topic.partitions[0]?.moveTo(1);
    await scheduler.until(Promise.all(sent));
    expect(topic.partitions[0]?.values().map((value) => value.split(' ')[0])).toEqual([
      'warm',
      ...Array.from({ length: 100 }, (_, index) => String(index)),
    ]);
  });

  it('writes once what was written and not answered', async () => {
    const { cluster, producer, scheduler } = setUpProducer({ batchBytes: 1024 });
    const topic = cluster.createTopic('orders');
    let batches = 0;
    cluster.faults.produce = () => {
      batches += 1;
      if (batches === 2) return { t: 'break', appended: true };
      return batches === 3 ? { t: 'break', appended: false } : undefined;
    };
    const values = Array.from({ length: 60 }, (_, index) => `${index} ${'x'.repeat(100)}`);
    const placed = await scheduler.until(Promise.all(values.map((value) => producer.send({ topic: 'orders', value }))));
    expect(topic.partitions[0]?.values()).toEqual(values);
    expect(placed.map(({ offset }) => offset)).toEqual(values.map((_, index) => index));
    expect(producer.stats().retries).toBeGreaterThan(0);
  });

  it('goes on after GoAway', async () => {
    const { cluster, producer, scheduler } = setUpProducer();
    const topic = cluster.createTopic('orders');
    await scheduler.until(producer.send({ topic: 'orders', value: 'a' }));
    for (const stream of cluster.streams.get(0) ?? []) stream.goAway();
    await scheduler.until(producer.send({ topic: 'orders', value: 'b' }));
    expect(topic.partitions[0]?.values()).toEqual(['a', 'b']);
  });

  it('a batch that is refused for good leaves no gap', async () => {
    const { cluster, producer, scheduler, statuses } = setUpProducer({ batchBytes: 1024 });
    const topic = cluster.createTopic('orders');
    let batches = 0;
    cluster.faults.produce = () => {
      batches += 1;
      return batches === 2 ? { t: 'refuse', error: scripted('INVALID_TIMESTAMP') } : undefined;
    };
    const sent = Array.from({ length: 40 }, (_, index) => producer.send({ topic: 'orders', value: `${index} ${'x'.repeat(100)}` }));
    const outcomes = await scheduler.until(Promise.allSettled(sent));
    const refused = outcomes.filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    expect(topic.partitions[0]?.values()).toHaveLength(40 - refused.length);
    const written = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.offset] : []));
    expect(written).toEqual(written.map((_, index) => index));
    expect(statuses.map(({ kind }) => kind)).not.toContain('producer-reset');
  });

  it('takes a new producer id when the broker has lost the old one, and tells', async () => {
    const { cluster, producer, scheduler, statuses } = setUpProducer();
    const topic = cluster.createTopic('orders');
    await scheduler.until(producer.send({ topic: 'orders', value: 'a' }));
    topic.partitions[0]?.forgetProducers();
    await scheduler.until(producer.send({ topic: 'orders', value: 'b' }));
    expect(topic.partitions[0]?.values()).toEqual(['a', 'b']);
    expect(statuses).toContainEqual(expect.objectContaining({ kind: 'producer-reset', topic: 'orders', partition: 0 }));
  });

  it('does not send again under a new id what may have been written', async () => {
    const { cluster, producer, scheduler } = setUpProducer();
    const topic = cluster.createTopic('orders');
    await scheduler.until(producer.send({ topic: 'orders', value: 'a' }));
    cluster.faults.produce = () => {
      delete cluster.faults.produce;
      queueMicrotask(() => topic.partitions[0]?.forgetProducers());
      return { t: 'append-and-refuse', error: scripted('NOT_ENOUGH_REPLICAS_AFTER_APPEND') };
    };
    const unknown = await scheduler.until(failure(producer.send({ topic: 'orders', value: 'b' })));
    expect(unknown).toMatchObject({ reason: 'DELIVERY_UNKNOWN', certainty: 'indefinite' });
    await scheduler.until(producer.send({ topic: 'orders', value: 'c' }));
    expect(topic.partitions[0]?.values()).toEqual(['a', 'b', 'c']);
  });

  it('a record that never left expires for sure, one that was sent may have arrived', async () => {
    const { cluster, producer, scheduler } = setUpProducer({ deliveryTimeoutMs: 5000, requestTimeoutMs: 20_000 });
    const topic = cluster.createTopic('orders');
    await scheduler.until(producer.send({ topic: 'orders', value: 'a' }));
    cluster.faults.produce = () => ({ t: 'silence' });
    const sent = await scheduler.until(failure(producer.send({ topic: 'orders', value: 'b' })));
    expect(sent).toMatchObject({ reason: 'DELIVERY_TIMED_OUT', certainty: 'indefinite', facts: { topic: 'orders', partition: '0' } });
    delete cluster.faults.produce;
    topic.partitions[0]?.moveTo(undefined);
    await scheduler.runFor(60_000);
    const unsent = await scheduler.until(failure(producer.send({ topic: 'orders', value: 'c' })));
    expect(unsent).toMatchObject({ reason: 'DELIVERY_EXPIRED', certainty: 'definite' });
    topic.partitions[0]?.moveTo(0);
    await scheduler.until(producer.send({ topic: 'orders', value: 'd' }));
    expect(topic.partitions[0]?.values()).toEqual(['a', 'b', 'd']);
  });

  it('what brokers refused all the time fails with their reason, definitely', async () => {
    const { cluster, producer, scheduler } = setUpProducer({ deliveryTimeoutMs: 3000 });
    const topic = cluster.createTopic('orders');
    cluster.faults.produce = () => ({ t: 'refuse', error: scripted('NOT_ENOUGH_REPLICAS') });
    const refused = await scheduler.until(failure(producer.send({ topic: 'orders', value: 'a' })));
    expect(refused).toMatchObject({ reason: 'NOT_ENOUGH_REPLICAS', certainty: 'definite' });
    expect(scheduler.nowMs).toBeGreaterThanOrEqual(3000);
    delete cluster.faults.produce;
    await scheduler.until(producer.send({ topic: 'orders', value: 'b' }));
    expect(topic.partitions[0]?.values()).toEqual(['b']);
  });

  it('a cluster that is not there is named after maxBlockMs', async () => {
    const { scheduler, connect } = simulate();
    const producer: TextProducer = connect({ bootstrap: 'broker-9:9092' }).producer({ ...TEXT, maxBlockMs: 2000 });
    const unreachable = await scheduler.until(failure(producer.send({ topic: 'orders', value: 'v' })));
    expect(unreachable).toMatchObject({ reason: 'SERVER_UNREACHABLE', facts: { bootstrap: 'broker-9:9092' } });
    expect(scheduler.nowMs).toBeGreaterThanOrEqual(2000);
    expect(scheduler.nowMs).toBeLessThan(2500);
  });
});
