import { describe, expect, it } from 'vitest';
import { simulate } from '../../testing/simulation.contract.ts';
import { TEXT } from '../../testing/text-producer.contract.ts';

/** From a kill until the controller has elected another leader: the grace of a broken session, and the writing. */
const ELECTION_MS = 700;
/** From a silence until then: the session itself. */
const SESSION_MS = 3_100;
const SEEDS = Array.from({ length: 12 }, (_, index) => index + 1);

/** A topic on broker 0, whose client has written one record and is told of changes. */
async function written(seed: number, brokers = 3) {
  const simulation = simulate({ brokers, seed });
  const { cluster, scheduler } = simulation;
  const topic = cluster.createTopic('orders');
  const producer = simulation.connect().producer({ ...TEXT, lingerMs: 0, batchBytes: 1024 });
  const send = (value: string) => producer.send({ topic: 'orders', value });
  await scheduler.until(send('first'));
  await scheduler.runFor(300);
  return { ...simulation, topic, producer, send };
}

describe('when a leader moves, a producer', () => {
  it.each(SEEDS)(
    'goes on at the next one soon after it is elected, whatever waits the failures before had brought (seed %i)',
    async (seed) => {
      const { stopBroker, scheduler, topic, send } = await written(seed);
      const began = scheduler.nowMs;
      stopBroker(0);
      scheduler.after(ELECTION_MS, () => topic.partitions[0]?.moveTo(1));
      await scheduler.until(send('second'));
      expect(scheduler.nowMs - began).toBeLessThan(ELECTION_MS + 150);
      expect(topic.partitions[0]?.values()).toEqual(['first', 'second']);
    },
  );

  it.each(SEEDS)('does not wait for one that has fallen silent (seed %i)', async (seed) => {
    const { network, scheduler, topic, send, statuses } = await written(seed);
    const began = scheduler.nowMs;
    network.partition(['client'], ['broker-0']);
    scheduler.after(SESSION_MS, () => topic.partitions[0]?.moveTo(2));
    await scheduler.until(Promise.all([send('second'), send('third')]));
    expect(scheduler.nowMs - began).toBeLessThan(SESSION_MS + 1_000);
    expect(topic.partitions[0]?.values()).toEqual(['first', 'second', 'third']);
    expect(statuses.map(({ kind }) => kind)).not.toContain('producer-reset');
  });

  it('sends nothing to the next one before the one before has answered', async () => {
    const { cluster, scheduler, topic, send, statuses } = await written(1);
    cluster.faults.produce = (_, brokerId) => (brokerId === 0 ? { t: 'ignore' } : undefined);
    const second = send('second');
    await scheduler.runFor(20);
    topic.partitions[0]?.moveTo(1);
    await scheduler.runFor(20);
    await scheduler.until(Promise.all([second, send('third')]));
    expect(topic.partitions[0]?.values()).toEqual(['first', 'second', 'third']);
    expect(statuses.map(({ kind }) => kind)).not.toContain('producer-reset');
  });
});

describe('a client', () => {
  it('starts by any broker of its bootstrap list that lives', async () => {
    const { cluster, scheduler, connect, stopBroker } = simulate({ brokers: 3 });
    cluster.createTopic('orders', 3);
    stopBroker(0);
    for (const partition of cluster.topics.get('orders')?.partitions ?? []) partition.moveTo(1);
    const producer = connect({ bootstrap: ['broker-0:9092', 'broker-1:9092'] }).producer(TEXT);
    const placed = await scheduler.until(producer.send({ topic: 'orders', value: 'a' }));
    expect(placed.offset).toBe(0);
  });

  it('uses a broker that arrived after it began', async () => {
    const { startBroker, scheduler, topic, send } = await written(1, 1);
    startBroker(7);
    await scheduler.runFor(50);
    topic.partitions[0]?.moveTo(7);
    await scheduler.until(send('second'));
    expect(topic.partitions[0]?.values()).toEqual(['first', 'second']);
  });
});
