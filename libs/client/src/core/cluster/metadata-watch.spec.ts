import { MoldauError } from '@moldau/kernel';
import { metadataService, type WatchMetadataResponse } from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { type Simulation, simulate } from '../../testing/simulation.contract.ts';
import { serdes } from '../serdes.ts';

const text = { keySerializer: serdes.string, valueSerializer: serdes.string };
const SETTLED_MS = 300;

/** A client that has written one record to `orders`, led by broker 0, and is told of changes. */
async function watching(brokers = 2) {
  const simulation = simulate({ brokers });
  const { cluster, scheduler } = simulation;
  const topic = cluster.createTopic('orders');
  const moldau = simulation.connect();
  const producer = moldau.producer<string, string>(text);
  const send = (value: string, name = 'orders') => scheduler.until(producer.send({ topic: name, value }));
  await send('first');
  await scheduler.runFor(SETTLED_MS);
  return { ...simulation, moldau, producer, topic, send };
}

const only = ({ cluster }: Simulation) => {
  const [watch] = cluster.watches;
  if (watch === undefined || cluster.watches.size !== 1) throw new Error(`${cluster.watches.size} streams of changes`);
  return watch;
};

const names = (watch: ReturnType<typeof only>) => watch.topics.map(({ selector }) => selector?.value);

const failure = (promise: Promise<unknown>): Promise<MoldauError> =>
  promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => MoldauError.from(error),
  );

describe('the stream of metadata changes', () => {
  it('is one, to one broker, for the topics in use and no others', async () => {
    const simulation = await watching(3);
    const { cluster, scheduler, producer } = simulation;
    expect(names(only(simulation))).toEqual(['orders']);
    for (const name of ['invoices', 'unused', 'payments']) cluster.createTopic(name);
    await scheduler.until(Promise.all(['invoices', 'payments'].map((topic) => producer.send({ topic, value: 'v' }))));
    await scheduler.runFor(SETTLED_MS);
    expect(names(only(simulation))).toEqual(['orders', 'invoices', 'payments']);
  });

  it('tells of a leader that moved, without a request', async () => {
    const { cluster, scheduler, topic, send, producer } = await watching();
    const before = cluster.metadataRequests;
    topic.partitions[0]?.moveTo(1);
    await scheduler.runFor(10);
    await send('second');
    expect(topic.partitions[0]?.values()).toEqual(['first', 'second']);
    expect(producer.stats().retries).toBe(0);
    expect(cluster.metadataRequests).toBe(before);
  });

  it('tells of a topic that is created, to whoever waits for it', async () => {
    const { cluster, scheduler, producer } = await watching();
    const sent = producer.send({ topic: 'soon', value: 'v' });
    await scheduler.runFor(SETTLED_MS);
    cluster.faults.metadata = () => new MoldauError('BROKER_STARTING', 'no answers now');
    cluster.createTopic('soon');
    await scheduler.runFor(20);
    expect((await scheduler.until(sent)).offset).toBe(0);
  });

  it('tells of a topic that is deleted, and of the next of its name', async () => {
    const { cluster, scheduler, producer, send } = await watching();
    const before = cluster.metadataRequests;
    cluster.deleteTopic('orders');
    await scheduler.runFor(20);
    expect(cluster.metadataRequests).toBe(before);
    const again = cluster.createTopic('orders');
    await scheduler.runFor(20);
    await send('for the new one');
    expect(again.partitions[0]?.values()).toEqual(['for the new one']);
    expect(producer.stats().recordsFailed).toBe(0);
  });

  it('tells of partitions that are added', async () => {
    const { cluster, scheduler, producer } = await watching();
    cluster.addPartitions('orders', 3);
    await scheduler.runFor(20);
    expect((await scheduler.until(producer.send({ topic: 'orders', value: 'v', partition: 2 }))).partition).toBe(2);
  });

  it('tells of a broker that is gone and of one that comes', async () => {
    const { cluster, scheduler, topic, send, startBroker, stopBroker } = await watching(3);
    stopBroker(2);
    topic.partitions[0]?.moveTo(1);
    startBroker(7);
    await scheduler.runFor(20);
    const before = cluster.metadataRequests;
    topic.partitions[0]?.moveTo(7);
    await scheduler.runFor(20);
    await send('to the new broker');
    expect(topic.partitions[0]?.values()).toEqual(['first', 'to the new broker']);
    expect(cluster.metadataRequests).toBe(before);
  });

  it('is opened again, with back-off, when it breaks; refreshes serve meanwhile', async () => {
    const simulation = await watching();
    const { cluster, scheduler, topic, send } = simulation;
    let refused = 0;
    cluster.faults.watch = () => {
      refused += 1;
      return new MoldauError('BROKER_STARTING', 'not now');
    };
    only(simulation).break(new MoldauError('CONNECTION_FAILED', 'scripted'));
    await scheduler.runFor(10_000);
    expect(refused).toBeGreaterThan(5);
    expect(refused).toBeLessThan(40);
    topic.partitions[0]?.moveTo(1);
    await send('by a refresh');
    delete cluster.faults.watch;
    await scheduler.runFor(1_100);
    const before = cluster.metadataRequests;
    topic.partitions[0]?.moveTo(0);
    await scheduler.runFor(20);
    await send('by the stream');
    expect(topic.partitions[0]?.values()).toEqual(['first', 'by a refresh', 'by the stream']);
    expect(cluster.metadataRequests).toBe(before);
  });

  it('is not asked for again soon where brokers do not offer it', async () => {
    const simulation = await watching();
    const { cluster, scheduler, topic, send } = simulation;
    let refused = 0;
    cluster.faults.watch = () => {
      refused += 1;
      return new MoldauError('UNKNOWN_METHOD', 'an older broker');
    };
    only(simulation).break();
    await scheduler.runFor(60_000);
    expect(refused).toBe(1);
    topic.partitions[0]?.moveTo(1);
    await send('by a refresh');
    expect(topic.partitions[0]?.values()).toEqual(['first', 'by a refresh']);
  });

  it('goes to another broker when its own says nothing for long, or leaves', async () => {
    const simulation = await watching();
    const { scheduler, cluster, network } = simulation;
    const first = only(simulation).brokerId;
    network.partition(['client'], [`broker-${first}`]);
    await scheduler.runFor(3_500);
    const second = [...cluster.watches].at(-1)?.brokerId;
    expect(second).not.toBe(first);
    network.heal();
    await scheduler.runFor(SETTLED_MS);
    only(simulation).send({ frame: { $case: 'goAway', value: { message: 'the broker stops', address: undefined } } });
    await scheduler.runFor(SETTLED_MS);
    expect(only(simulation).brokerId).toBe(first);
  });

  it('goes to another broker at once when its own stops, however often that happens', async () => {
    const simulation = await watching();
    for (let round = 0; round < 6; round += 1) {
      const before = only(simulation).brokerId;
      only(simulation).send({ frame: { $case: 'goAway', value: { message: 'the broker stops', address: undefined } } });
      await simulation.scheduler.runFor(30);
      expect(only(simulation).brokerId).not.toBe(before);
    }
  });

  it('goes to another broker when a refresh shows that its own lags behind', async () => {
    const simulation = await watching();
    const { cluster, scheduler, topic, send } = simulation;
    const lagging = only(simulation).brokerId;
    cluster.faults.silentWatch = (brokerId) => brokerId === lagging;
    topic.partitions[0]?.moveTo(1);
    await send('by a refresh');
    await scheduler.runFor(SETTLED_MS);
    expect(only(simulation).brokerId).not.toBe(lagging);
  });

  it('is ignored where it is older than what is known', async () => {
    const simulation = await watching();
    const { cluster, scheduler, topic, send, producer } = simulation;
    const stale = cluster.describeTopic({ selector: { $case: 'name', value: 'orders' } });
    const staleVersion = cluster.version;
    topic.partitions[0]?.moveTo(1);
    await scheduler.runFor(20);
    const change = (metadataVersion: number): WatchMetadataResponse => ({
      frame: { $case: 'change', value: { metadataVersion, brokers: [], topics: [stale] } },
    });
    // An older version; and one that says to be newer and names an older leader epoch.
    only(simulation).send(change(staleVersion));
    only(simulation).send(change(cluster.version + 1));
    await scheduler.runFor(20);
    await send('to the leader');
    expect(topic.partitions[0]?.values()).toEqual(['first', 'to the leader']);
    expect(producer.stats().retries).toBe(0);
  });

  it('may hold frames and fields of a later version', async () => {
    const simulation = await watching();
    const { cluster, scheduler, topic, send } = simulation;
    const before = cluster.metadataRequests;
    // Field 15 of the message, with the text `new`.
    only(simulation).sendRaw(Buffer.from([0x7a, 3, ...Buffer.from('new')]));
    topic.partitions[0]!.leaderId = 1;
    const value = { metadataVersion: cluster.version + 1, brokers: [], topics: [{ ...described(simulation), maxMessageBytes: 1000 }] };
    const { response } = metadataService.watchMetadata;
    const known = response.encode({ frame: { $case: 'change', value } }).finish();
    only(simulation).sendRaw(Buffer.concat([known, Buffer.from([0x7a, 3, ...Buffer.from('new')])]));
    await scheduler.runFor(20);
    await send('understood');
    expect(topic.partitions[0]?.values()).toEqual(['first', 'understood']);
    expect(cluster.watches.size).toBe(1);
    expect(cluster.metadataRequests).toBe(before);
  });

  it('ends with the client', async () => {
    const { cluster, scheduler, moldau } = await watching();
    await scheduler.until(moldau.close());
    await scheduler.runFor(100);
    expect(cluster.watches.size).toBe(0);
  });
});

function described({ cluster }: Simulation) {
  return cluster.describeTopic({ selector: { $case: 'name', value: 'orders' } });
}

describe('an error that names the leader', () => {
  /** No pushes, no refreshes: the error alone must do. */
  async function deaf() {
    const simulation = await watching();
    simulation.cluster.faults.watch = () => new MoldauError('UNKNOWN_METHOD', 'an older broker');
    only(simulation).break();
    await simulation.scheduler.runFor(SETTLED_MS);
    simulation.cluster.faults.metadata = () => new MoldauError('BROKER_STARTING', 'no answers now');
    return simulation;
  }

  it('sends a producer there at once', async () => {
    const { scheduler, topic, send } = await deaf();
    topic.partitions[0]!.hints = true;
    topic.partitions[0]?.moveTo(1);
    const beforeMs = scheduler.nowMs;
    await send('second');
    expect(topic.partitions[0]?.values()).toEqual(['first', 'second']);
    expect(scheduler.nowMs - beforeMs).toBeLessThan(15);
  });

  it('sends a consumer there at once, also while it looks up where to begin', async () => {
    const { scheduler, topic, moldau, send } = await deaf();
    topic.partitions[0]!.hints = true;
    topic.partitions[0]?.moveTo(1);
    const consumer = moldau.consumer({ assignment: [{ topic: 'orders' }], valueDeserializer: serdes.string });
    const records = consumer[Symbol.asyncIterator]();
    const beforeMs = scheduler.nowMs;
    expect((await scheduler.until(records.next())).value?.value).toBe('first');
    topic.partitions[0]?.moveTo(0);
    await send('second');
    expect((await scheduler.until(records.next())).value?.value).toBe('second');
    expect(scheduler.nowMs - beforeMs).toBeLessThan(60);
  });

  it('adds a broker that the metadata does not know, where it has the address', async () => {
    const { cluster, scheduler, topic, send, startBroker } = await deaf();
    startBroker(5);
    topic.partitions[0]?.moveTo(5);
    cluster.faults.produce = (_batch, brokerId) => {
      if (brokerId === 5) return undefined;
      const facts = { leader: '5', leader_epoch: '1', leader_address: 'broker-5:9092' };
      return { t: 'refuse', error: new MoldauError('NOT_LEADER', 'scripted', facts) };
    };
    topic.partitions[0]!.refusal = () => undefined;
    await send('second');
    await scheduler.runFor(10);
    expect(topic.partitions[0]?.values()).toEqual(['first', 'second']);
  });

  it('is not believed when its epoch is not newer', async () => {
    const { cluster, topic, send } = await deaf();
    let refused = 0;
    cluster.faults.produce = () => {
      refused += 1;
      if (refused > 2) return undefined;
      const facts = { leader: '1', leader_epoch: '0', leader_address: 'broker-1:9092' };
      return { t: 'refuse', error: new MoldauError('NOT_LEADER', 'scripted', facts) };
    };
    await send('second');
    expect(topic.partitions[0]?.values()).toEqual(['first', 'second']);
  });

  it('that is no number is no hint', async () => {
    const { cluster, send, producer } = await deaf();
    cluster.faults.produce = () => ({ t: 'refuse', error: new MoldauError('NOT_LEADER', 'scripted', { leader: 'x', leader_epoch: '-1' }) });
    expect((await failure(send('second'))).reason).toBe('NOT_LEADER');
    expect(producer.stats().retries).toBeGreaterThan(50);
  });
});
