import { describe, expect, it } from 'vitest';
import { failure, setUpProducer } from '../../testing/text-producer.contract.ts';
import { serdes } from '../serdes.ts';

describe('sending', () => {
  it('resolves each record with its place in the log', async () => {
    const { cluster, producer, scheduler } = setUpProducer();
    const topic = cluster.createTopic('orders');
    const sent = ['a', 'b', 'c'].map((value, index) => producer.send({ topic: 'orders', value, timestampMs: 1000 + index }));
    const placed = await scheduler.until(Promise.all(sent));
    expect(placed).toEqual([
      { topic: 'orders', partition: 0, offset: 0, timestampMs: 1000 },
      { topic: 'orders', partition: 0, offset: 1, timestampMs: 1001 },
      { topic: 'orders', partition: 0, offset: 2, timestampMs: 1002 },
    ]);
    expect(topic.partitions[0]?.values()).toEqual(['a', 'b', 'c']);
    expect(topic.partitions[0]?.batches).toHaveLength(1);
  });

  it('sends keys, headers and nulls as they are', async () => {
    const { cluster, producer, scheduler } = setUpProducer();
    cluster.createTopic('orders');
    await scheduler.until(
      producer.send({
        topic: 'orders',
        key: 'k',
        value: null,
        headers: [
          ['h', 'x'],
          ['h', null],
          ['b', new Uint8Array([1])],
        ],
      }),
    );
    const { readBatch } = await import('@moldau/records');
    const batch = cluster.topics.get('orders')?.partitions[0]?.batches[0];
    const [record] = [...readBatch(batch ?? new Uint8Array())];
    expect(record?.key?.toString()).toBe('k');
    expect(record?.value).toBeNull();
    expect(record?.headers.map(({ key, value }) => [key, value?.toString('hex')])).toEqual([
      ['h', '78'],
      ['h', undefined],
      ['b', '01'],
    ]);
  });

  it('goes at once while nothing is under way, and gathers what comes meanwhile', async () => {
    const { cluster, producer, scheduler } = setUpProducer();
    const topic = cluster.createTopic('orders');
    await scheduler.until(producer.send({ topic: 'orders', value: 'warm' }));
    const before = scheduler.nowMs;
    await scheduler.until(producer.send({ topic: 'orders', value: 'alone' }));
    expect(scheduler.nowMs - before).toBeLessThan(4);
    const first = producer.send({ topic: 'orders', value: 'first' });
    await scheduler.runFor(1);
    const rest = Promise.all(['x', 'y', 'z'].map((value) => producer.send({ topic: 'orders', value })));
    await scheduler.until(Promise.all([first, rest]));
    expect(topic.partitions[0]?.batches).toHaveLength(4);
  });

  it('waits for lingerMs when asked to', async () => {
    const { cluster, producer, scheduler } = setUpProducer({ lingerMs: 50 });
    const topic = cluster.createTopic('orders');
    const one = producer.send({ topic: 'orders', value: 'one' });
    await scheduler.runFor(30);
    const two = producer.send({ topic: 'orders', value: 'two' });
    await scheduler.until(Promise.all([one, two]));
    expect(topic.partitions[0]?.batches).toHaveLength(1);
    expect(scheduler.nowMs).toBeGreaterThan(50);
  });

  it('compresses batches', async () => {
    for (const compression of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
      const { cluster, producer, scheduler } = setUpProducer({ compression });
      const topic = cluster.createTopic('orders');
      const values = Array.from({ length: 50 }, (_, index) => `value ${index} `.repeat(20));
      await scheduler.until(Promise.all(values.map((value) => producer.send({ topic: 'orders', value }))));
      expect(topic.partitions[0]?.values()).toEqual(values);
      expect(topic.partitions[0]?.batches[0]?.length).toBeLessThan(5_000);
    }
  });

  it('coalesces the batches of all partitions of a broker in few messages', async () => {
    const { cluster, producer, scheduler } = setUpProducer();
    cluster.createTopic('wide', 50);
    await scheduler.until(producer.send({ topic: 'wide', partition: 0, value: 'warm' }));
    cluster.produceMessages = 0;
    await scheduler.until(
      Promise.all(Array.from({ length: 50 }, (_, partition) => producer.send({ topic: 'wide', partition, value: 'v' }))),
    );
    expect(cluster.produceMessages).toBe(1);
  });

  it('acks none resolves without an offset', async () => {
    const { cluster, producer, scheduler } = setUpProducer({ acks: 'none' });
    const topic = cluster.createTopic('orders');
    expect((await scheduler.until(producer.send({ topic: 'orders', value: 'v' }))).offset).toBeUndefined();
    await scheduler.runFor(10);
    expect(topic.partitions[0]?.values()).toEqual(['v']);
  });
});

describe('refusing a record', () => {
  it('a serializer that fails fails its record alone', async () => {
    const { cluster, moldau, scheduler } = setUpProducer();
    const topic = cluster.createTopic('orders');
    const producer = moldau.producer({ valueSerializer: serdes.json<unknown>() });
    const loop: { self?: unknown } = {};
    loop.self = loop;
    const sent = [{ a: 1 }, loop, { b: 2 }].map((value) => producer.send({ topic: 'orders', value }));
    const bad = await scheduler.until(failure(sent[1]!));
    expect(bad).toMatchObject({ reason: 'SERIALIZATION_FAILED', facts: { topic: 'orders', side: 'value' }, certainty: 'definite' });
    await scheduler.until(Promise.all([sent[0], sent[2]]));
    expect(topic.partitions[0]?.values()).toEqual(['{"a":1}', '{"b":2}']);
  });

  it('a record too large is refused before it is sent, with size and limit', async () => {
    const { cluster, producer, scheduler } = setUpProducer();
    const topic = cluster.createTopic('small', 1, 2048);
    const sent = [
      producer.send({ topic: 'small', value: 'ok' }),
      producer.send({ topic: 'small', value: 'x'.repeat(3000) }),
      producer.send({ topic: 'small', value: 'ok too' }),
    ];
    expect(await scheduler.until(failure(sent[1]!))).toMatchObject({
      reason: 'RECORD_TOO_LARGE',
      facts: { topic: 'small', limit: '2048' },
    });
    await scheduler.until(Promise.all([sent[0], sent[2]]));
    expect(topic.partitions[0]?.values()).toEqual(['ok', 'ok too']);
  });

  it('an unknown topic is named, a topic made a moment later is not unknown', async () => {
    const { cluster, producer, scheduler } = setUpProducer();
    expect(await scheduler.until(failure(producer.send({ topic: 'nothing', value: 'v' })))).toMatchObject({ reason: 'UNKNOWN_TOPIC' });
    const sent = producer.send({ topic: 'soon', value: 'v' });
    await scheduler.runFor(300);
    cluster.createTopic('soon');
    expect((await scheduler.until(sent)).offset).toBe(0);
  });

  it('a deleted topic fails what is on its way, a new one of its name takes what comes after', async () => {
    const { cluster, producer, scheduler } = setUpProducer();
    cluster.createTopic('again');
    await scheduler.until(producer.send({ topic: 'again', value: 'old' }));
    cluster.deleteTopic('again');
    expect(await scheduler.until(failure(producer.send({ topic: 'again', value: 'lost' })))).toMatchObject({ reason: 'UNKNOWN_TOPIC' });
    const topic = cluster.createTopic('again');
    await scheduler.runFor(3000);
    await scheduler.until(producer.send({ topic: 'again', value: 'new' }));
    expect(topic.partitions[0]?.values()).toEqual(['new']);
  });
});

describe('flush and close', () => {
  it('flush sends what lingers and waits for all that was sent before', async () => {
    const { cluster, producer, scheduler } = setUpProducer({ lingerMs: 60_000, bufferBytes: 64 * 1024, batchBytes: 64 * 1024 });
    const topic = cluster.createTopic('orders', 3);
    const sent = Array.from({ length: 300 }, (_, index) => producer.send({ topic: 'orders', key: `k${index}`, value: 'x'.repeat(500) }));
    let settled = 0;
    for (const each of sent) void each.then(() => (settled += 1));
    await scheduler.until(producer.flush());
    expect(settled).toBe(300);
    expect(scheduler.nowMs).toBeLessThan(1000);
    expect(topic.partitions.reduce((sum, { end }) => sum + end, 0)).toBe(300);
  });

  it('close flushes, refuses what comes after, and leaves nothing running', async () => {
    const { cluster, producer, moldau, scheduler } = setUpProducer({ lingerMs: 1000 });
    cluster.createTopic('orders');
    const sent = producer.send({ topic: 'orders', value: 'v' });
    await scheduler.until(moldau.close());
    expect((await sent).offset).toBe(0);
    expect(await failure(producer.send({ topic: 'orders', value: 'late' }))).toMatchObject({ reason: 'CLIENT_CLOSED' });
    const closedAt = scheduler.nowMs;
    await scheduler.idle();
    expect(scheduler.nowMs - closedAt).toBeLessThan(1000);
  });

  it('close gives up after its timeout: what was not sent surely was not, what was sent may have arrived', async () => {
    const { cluster, producer, scheduler } = setUpProducer();
    const topic = cluster.createTopic('orders', 2);
    await scheduler.until(producer.send({ topic: 'orders', value: 'warm', partition: 0 }));
    cluster.faults.produce = () => ({ t: 'silence' });
    const sent = failure(producer.send({ topic: 'orders', value: 'sent', partition: 0 }));
    await scheduler.runFor(10);
    topic.partitions[1]?.moveTo(undefined);
    for (const stream of cluster.streams.get(0) ?? []) stream.goAway();
    const unsent = failure(producer.send({ topic: 'orders', value: 'unsent', partition: 1 }));
    await scheduler.until(producer.close({ timeoutMs: 500 }));
    expect(await sent).toMatchObject({ reason: 'CANCELLED', certainty: 'indefinite' });
    expect(await unsent).toMatchObject({ reason: 'CLIENT_CLOSED', certainty: 'definite' });
  });

  it('options outside their limits are refused', () => {
    const { moldau } = setUpProducer();
    expect(() => moldau.producer({ batchBytes: 1 })).toThrow(/batchBytes/);
    expect(() => moldau.producer({ acks: 'leader', idempotent: true })).toThrow(/idempotent/);
    expect(() => moldau.producer({ acks: 'some' as 'all' })).toThrow(/acks/);
    expect(() => moldau.producer({ maxInFlightBatches: 6 })).toThrow(/maxInFlightBatches/);
  });
});
