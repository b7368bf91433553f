import { MoldauError } from '@moldau/kernel';
import { murmur2 } from '@moldau/records';
import { describe, expect, it } from 'vitest';
import { simulate } from '../../testing/simulation.contract.ts';
import { serdes } from '../serdes.ts';
import type { Producer } from './producer.ts';
import type { ProducerOptions } from './producer-types.ts';

const text = { keySerializer: serdes.string, valueSerializer: serdes.string };

type TextProducer = Producer<string, string>;

function setUp(options: ProducerOptions<string, string> = {}, brokers = 1) {
  const simulation = simulate({ brokers });
  const moldau = simulation.connect();
  const producer: TextProducer = moldau.producer({ ...text, ...options });
  return { ...simulation, moldau, producer };
}

async function failure(promise: Promise<unknown>): Promise<MoldauError> {
  return promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => MoldauError.from(error),
  );
}

function error(
  reason: 'NOT_LEADER' | 'NOT_ENOUGH_REPLICAS' | 'INVALID_TIMESTAMP' | 'UNKNOWN_PRODUCER' | 'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
) {
  return new MoldauError(reason, `scripted ${reason}`);
}

describe('sending', () => {
  it('resolves each record with its place in the log', async () => {
    const { cluster, producer, scheduler } = setUp();
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
    const { cluster, producer, scheduler } = setUp();
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
    const { cluster, producer, scheduler } = setUp();
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
    const { cluster, producer, scheduler } = setUp({ lingerMs: 50 });
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
      const { cluster, producer, scheduler } = setUp({ compression });
      const topic = cluster.createTopic('orders');
      const values = Array.from({ length: 50 }, (_, index) => `value ${index} `.repeat(20));
      await scheduler.until(Promise.all(values.map((value) => producer.send({ topic: 'orders', value }))));
      expect(topic.partitions[0]?.values()).toEqual(values);
      expect(topic.partitions[0]?.batches[0]?.length).toBeLessThan(5_000);
    }
  });

  it('coalesces the batches of all partitions of a broker in few messages', async () => {
    const { cluster, producer, scheduler } = setUp();
    cluster.createTopic('wide', 50);
    await scheduler.until(producer.send({ topic: 'wide', partition: 0, value: 'warm' }));
    cluster.produceMessages = 0;
    await scheduler.until(
      Promise.all(Array.from({ length: 50 }, (_, partition) => producer.send({ topic: 'wide', partition, value: 'v' }))),
    );
    expect(cluster.produceMessages).toBe(1);
  });

  it('acks none resolves without an offset', async () => {
    const { cluster, producer, scheduler } = setUp({ acks: 'none' });
    const topic = cluster.createTopic('orders');
    expect((await scheduler.until(producer.send({ topic: 'orders', value: 'v' }))).offset).toBeUndefined();
    await scheduler.runFor(10);
    expect(topic.partitions[0]?.values()).toEqual(['v']);
  });
});

describe('choosing a partition', () => {
  it('hashes keys as other clients do', async () => {
    const { cluster, producer, scheduler } = setUp();
    cluster.createTopic('keyed', 7);
    const placed = await scheduler.until(Promise.all(['a', 'bb', 'ccc'].map((key) => producer.send({ topic: 'keyed', key, value: 'v' }))));
    expect(placed.map(({ partition }) => partition)).toEqual(
      ['a', 'bb', 'ccc'].map((key) => (murmur2(Buffer.from(key)) & 0x7fff_ffff) % 7),
    );
  });

  it('spreads keyless records evenly, a batch at a time', async () => {
    const { cluster, producer, scheduler } = setUp({ batchBytes: 1024 });
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
    const { cluster, producer, moldau, scheduler } = setUp();
    cluster.createTopic('orders', 3);
    expect((await scheduler.until(producer.send({ topic: 'orders', value: 'v', partition: 2 }))).partition).toBe(2);
    const bad = await scheduler.until(failure(producer.send({ topic: 'orders', value: 'v', partition: 3 })));
    expect(bad).toMatchObject({ reason: 'INVALID_PARTITION', facts: { partition: '3', partitions: '3', topic: 'orders' } });
    const custom: TextProducer = moldau.producer({ ...text, partitioner: (record, count) => (record.value?.length ?? 0) % count });
    expect((await scheduler.until(custom.send({ topic: 'orders', value: 'four' }))).partition).toBe(1);
    const wrong: TextProducer = moldau.producer({ ...text, partitioner: () => Number.NaN });
    expect((await scheduler.until(failure(wrong.send({ topic: 'orders', value: 'v' })))).reason).toBe('INVALID_PARTITION');
  });

  it('sees partitions that are added', async () => {
    const { cluster, producer, scheduler } = setUp();
    cluster.createTopic('grows', 1);
    await scheduler.until(producer.send({ topic: 'grows', value: 'v' }));
    cluster.addPartitions('grows', 2);
    await scheduler.runFor(310_000);
    expect((await scheduler.until(producer.send({ topic: 'grows', value: 'v', partition: 1 }))).partition).toBe(1);
  });
});

describe('refusing a record', () => {
  it('a serializer that fails fails its record alone', async () => {
    const { cluster, moldau, scheduler } = setUp();
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
    const { cluster, producer, scheduler } = setUp();
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
    const { cluster, producer, scheduler } = setUp();
    expect(await scheduler.until(failure(producer.send({ topic: 'nothing', value: 'v' })))).toMatchObject({ reason: 'UNKNOWN_TOPIC' });
    const sent = producer.send({ topic: 'soon', value: 'v' });
    await scheduler.runFor(300);
    cluster.createTopic('soon');
    expect((await scheduler.until(sent)).offset).toBe(0);
  });

  it('a deleted topic fails what is on its way, a new one of its name takes what comes after', async () => {
    const { cluster, producer, scheduler } = setUp();
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

describe('when things fail', () => {
  it('follows the leader to another broker, in order', async () => {
    const { cluster, producer, scheduler } = setUp({ batchBytes: 1024 }, 2);
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
    const { cluster, producer, scheduler } = setUp({ batchBytes: 1024 });
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
    const { cluster, producer, scheduler } = setUp();
    const topic = cluster.createTopic('orders');
    await scheduler.until(producer.send({ topic: 'orders', value: 'a' }));
    for (const stream of cluster.streams.get(0) ?? []) stream.goAway();
    await scheduler.until(producer.send({ topic: 'orders', value: 'b' }));
    expect(topic.partitions[0]?.values()).toEqual(['a', 'b']);
  });

  it('a batch that is refused for good leaves no gap', async () => {
    const { cluster, producer, scheduler, statuses } = setUp({ batchBytes: 1024 });
    const topic = cluster.createTopic('orders');
    let batches = 0;
    cluster.faults.produce = () => {
      batches += 1;
      return batches === 2 ? { t: 'refuse', error: error('INVALID_TIMESTAMP') } : undefined;
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
    const { cluster, producer, scheduler, statuses } = setUp();
    const topic = cluster.createTopic('orders');
    await scheduler.until(producer.send({ topic: 'orders', value: 'a' }));
    topic.partitions[0]?.forgetProducers();
    await scheduler.until(producer.send({ topic: 'orders', value: 'b' }));
    expect(topic.partitions[0]?.values()).toEqual(['a', 'b']);
    expect(statuses).toContainEqual(expect.objectContaining({ kind: 'producer-reset', topic: 'orders', partition: 0 }));
  });

  it('does not send again under a new id what may have been written', async () => {
    const { cluster, producer, scheduler } = setUp();
    const topic = cluster.createTopic('orders');
    await scheduler.until(producer.send({ topic: 'orders', value: 'a' }));
    cluster.faults.produce = () => {
      delete cluster.faults.produce;
      queueMicrotask(() => topic.partitions[0]?.forgetProducers());
      return { t: 'append-and-refuse', error: error('NOT_ENOUGH_REPLICAS_AFTER_APPEND') };
    };
    const unknown = await scheduler.until(failure(producer.send({ topic: 'orders', value: 'b' })));
    expect(unknown).toMatchObject({ reason: 'DELIVERY_UNKNOWN', certainty: 'indefinite' });
    await scheduler.until(producer.send({ topic: 'orders', value: 'c' }));
    expect(topic.partitions[0]?.values()).toEqual(['a', 'b', 'c']);
  });

  it('a record that never left expires for sure, one that was sent may have arrived', async () => {
    const { cluster, producer, scheduler } = setUp({ deliveryTimeoutMs: 5000, requestTimeoutMs: 20_000 });
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
    const { cluster, producer, scheduler } = setUp({ deliveryTimeoutMs: 3000 });
    const topic = cluster.createTopic('orders');
    cluster.faults.produce = () => ({ t: 'refuse', error: error('NOT_ENOUGH_REPLICAS') });
    const refused = await scheduler.until(failure(producer.send({ topic: 'orders', value: 'a' })));
    expect(refused).toMatchObject({ reason: 'NOT_ENOUGH_REPLICAS', certainty: 'definite' });
    expect(scheduler.nowMs).toBeGreaterThanOrEqual(3000);
    delete cluster.faults.produce;
    await scheduler.until(producer.send({ topic: 'orders', value: 'b' }));
    expect(topic.partitions[0]?.values()).toEqual(['b']);
  });

  it('a cluster that is not there is named after maxBlockMs', async () => {
    const { scheduler, connect } = simulate();
    const producer: TextProducer = connect({ bootstrap: 'broker-9:9092' }).producer({ ...text, maxBlockMs: 2000 });
    const unreachable = await scheduler.until(failure(producer.send({ topic: 'orders', value: 'v' })));
    expect(unreachable).toMatchObject({ reason: 'SERVER_UNREACHABLE', facts: { bootstrap: 'broker-9:9092' } });
    expect(scheduler.nowMs).toBeGreaterThanOrEqual(2000);
    expect(scheduler.nowMs).toBeLessThan(2500);
  });
});

describe('the buffer', () => {
  it('makes send wait in order while it is full', async () => {
    const { cluster, producer, scheduler } = setUp({ bufferBytes: 64 * 1024, batchBytes: 16 * 1024 });
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
    const { cluster, producer, scheduler } = setUp({ bufferBytes: 64 * 1024, maxBlockMs: 1000, deliveryTimeoutMs: 60_000 });
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
    const { cluster, producer, scheduler } = setUp({ bufferBytes: 64 * 1024 });
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

describe('flush and close', () => {
  it('flush sends what lingers and waits for all that was sent before', async () => {
    const { cluster, producer, scheduler } = setUp({ lingerMs: 60_000, bufferBytes: 64 * 1024, batchBytes: 64 * 1024 });
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
    const { cluster, producer, moldau, scheduler } = setUp({ lingerMs: 1000 });
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
    const { cluster, producer, scheduler } = setUp();
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
    const { moldau } = setUp();
    expect(() => moldau.producer({ batchBytes: 1 })).toThrow(/batchBytes/);
    expect(() => moldau.producer({ acks: 'leader', idempotent: true })).toThrow(/idempotent/);
    expect(() => moldau.producer({ acks: 'some' as 'all' })).toThrow(/acks/);
    expect(() => moldau.producer({ maxInFlightBatches: 6 })).toThrow(/maxInFlightBatches/);
  });
});
