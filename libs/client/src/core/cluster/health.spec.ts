import type { Gauge, Meter } from '@moldau/kernel';
import { MoldauError } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { simulate } from '../../testing/simulation.contract.ts';
import { serdes } from '../serdes.ts';

const text = { keySerializer: serdes.string, valueSerializer: serdes.string };

/** The last value of each gauge, by name and labels. */
function recordingMeter() {
  const values = new Map<string, number>();
  const ignored = { with: () => ({ add: () => {}, record: () => {} }), remove: () => {} };
  const meter: Meter = {
    counter: () => ignored,
    histogram: () => ignored,
    gauge: ({ name }) => ({
      with: (...labels): Gauge => ({ set: (value) => values.set([name, ...labels].join(' '), value), observe: () => {} }),
      remove: () => {},
    }),
  };
  return { values, meter };
}

async function writing(options: { readonly deliveryTimeoutMs?: number } = {}) {
  const simulation = simulate({ brokers: 2 });
  const { cluster, scheduler, connect } = simulation;
  const topic = cluster.createTopic('orders');
  const { values, meter } = recordingMeter();
  const moldau = connect({ meter, requestTimeoutMs: 2_000 });
  const producer = moldau.producer<string, string>({ ...text, ...options });
  await scheduler.until(producer.send({ topic: 'orders', value: 'first' }));
  return { ...simulation, topic, moldau, producer, gauges: values };
}

const failure = (promise: Promise<unknown>): Promise<MoldauError> =>
  promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => MoldauError.from(error),
  );

describe('what a producer waits for', () => {
  it('is told after a second: the broker, and the partition; and when it is over', async () => {
    const { scheduler, statuses, moldau, producer, network, gauges } = await writing();
    statuses.length = 0;
    network.partition(['client'], ['broker-0']);
    const sent = producer.send({ topic: 'orders', value: 'second' });
    await scheduler.runFor(12_000);
    expect(statuses).toEqual([
      expect.objectContaining({ kind: 'broker-unreachable', brokerId: 0, address: 'broker-0:9092' }),
      expect.objectContaining({ kind: 'partition-unavailable', role: 'producer', topic: 'orders', partition: 0 }),
    ]);
    const health = moldau.health();
    expect(health).toMatchObject({
      connected: true,
      unreachableBrokers: [{ brokerId: 0 }],
      unavailablePartitions: [{ role: 'producer', topic: 'orders', partition: 0 }],
    });
    expect(health.unavailablePartitions[0]?.forMs).toBeGreaterThan(1_000);
    expect(gauges.get('moldau_client_unreachable_brokers moldau-js')).toBe(1);
    expect(gauges.get('moldau_client_unavailable_partitions moldau-js producer')).toBe(1);
    network.heal();
    await scheduler.until(sent);
    expect(statuses.slice(2).map(({ kind }) => kind)).toEqual(['broker-reachable', 'partition-available']);
    expect(moldau.health()).toEqual({ connected: true, unreachableBrokers: [], unavailablePartitions: [] });
    expect(gauges.get('moldau_client_unavailable_partitions moldau-js producer')).toBe(0);
  });

  it('is a leader, where all that could lead are fenced', async () => {
    const { scheduler, statuses, topic, producer } = await writing({ deliveryTimeoutMs: 5_000 });
    statuses.length = 0;
    await scheduler.runFor(300);
    topic.partitions[0]?.moveTo(undefined);
    await scheduler.runFor(20);
    const expired = await scheduler.until(failure(producer.send({ topic: 'orders', value: 'second' })));
    expect(statuses).toHaveLength(1);
    expect(statuses[0]).toMatchObject({ kind: 'partition-unavailable', role: 'producer', error: { reason: 'LEADER_NOT_AVAILABLE' } });
    expect(expired).toMatchObject({ reason: 'DELIVERY_EXPIRED', certainty: 'definite', cause: { reason: 'LEADER_NOT_AVAILABLE' } });
    expect(expired.message).toContain('orders-0 has no leader');
  });

  it('is named by the error of the delivery timeout, broker by broker', async () => {
    const { scheduler, producer, network } = await writing({ deliveryTimeoutMs: 30_000 });
    network.partition(['client'], ['broker-0']);
    network.partition(['client'], ['broker-1']);
    const expired = await scheduler.until(failure(producer.send({ topic: 'orders', value: 'second' })));
    expect(expired.message).toContain('broker 0 (broker-0:9092)');
    expect(MoldauError.from(expired.cause).facts['broker_0']).toMatch(/^[A-Z_]+: /);
  });

  it('is nothing while a leader only moves', async () => {
    const { scheduler, statuses, topic, producer, cluster } = await writing();
    statuses.length = 0;
    topic.partitions[0]?.moveTo(1);
    for (const stream of cluster.streams.get(0) ?? []) stream.goAway();
    await scheduler.until(producer.send({ topic: 'orders', value: 'second' }));
    await scheduler.runFor(5_000);
    expect(statuses).toEqual([]);
  });

  it('is told to a listener that throws, without harm', async () => {
    const { scheduler, cluster, connect } = simulate();
    cluster.createTopic('orders');
    const onStatus = (): never => {
      throw new Error('a bug of the program');
    };
    const producer = connect({ onStatus }).producer<string, string>(text);
    expect((await scheduler.until(producer.send({ topic: 'orders', value: 'v' }))).offset).toBe(0);
  });
});

describe.each(['stream', 'poll'] as const)('a consumer by %s whose leader is unreachable', (fetchMode) => {
  const read = async () => {
    const written = await writing();
    const consumer = written.moldau.consumer({ fetchMode, assignment: [{ topic: 'orders' }], valueDeserializer: serdes.string });
    const records = consumer[Symbol.asyncIterator]();
    await written.scheduler.until(records.next());
    written.statuses.length = 0;
    return { ...written, consumer, records };
  };
  const ofConsumer = (statuses: readonly { readonly kind: string; readonly role?: string }[]) =>
    statuses.filter(({ role }) => role === 'consumer').map(({ kind }) => kind);

  it('tells so, and goes on by itself when the broker is back', async () => {
    const { scheduler, statuses, records, network, producer, gauges } = await read();
    network.partition(['client'], ['broker-0']);
    const next = records.next();
    await scheduler.runFor(40_000);
    expect(ofConsumer(statuses)).toEqual(['partition-unavailable']);
    expect(gauges.get('moldau_client_unavailable_partitions moldau-js consumer')).toBe(1);
    network.heal();
    await scheduler.until(producer.send({ topic: 'orders', value: 'second' }));
    expect((await scheduler.until(next)).value?.value).toBe('second');
    expect(ofConsumer(statuses)).toEqual(['partition-unavailable', 'partition-available']);
    expect(gauges.get('moldau_client_unavailable_partitions moldau-js consumer')).toBe(0);
  });

  it('tells so when the partition has no leader, and nothing more once it is closed', async () => {
    const { scheduler, statuses, topic, consumer, moldau, gauges } = await read();
    topic.partitions[0]?.moveTo(undefined);
    await scheduler.runFor(5_000);
    expect(ofConsumer(statuses)).toEqual(['partition-unavailable']);
    await scheduler.until(consumer.close());
    expect(moldau.health().unavailablePartitions).toEqual([]);
    expect(gauges.get('moldau_client_unavailable_partitions moldau-js consumer')).toBe(0);
  });

  it('tells so while it looks up where to begin', async () => {
    const { scheduler, statuses, topic, moldau } = await writing();
    topic.partitions[0]?.moveTo(undefined);
    const consumer = moldau.consumer({ fetchMode, assignment: [{ topic: 'orders' }], valueDeserializer: serdes.string });
    const first = consumer[Symbol.asyncIterator]().next();
    await scheduler.runFor(5_000);
    expect(ofConsumer(statuses)).toEqual(['partition-unavailable']);
    topic.partitions[0]?.moveTo(1);
    expect((await scheduler.until(first)).value?.value).toBe('first');
    expect(ofConsumer(statuses)).toEqual(['partition-unavailable', 'partition-available']);
  });
});
