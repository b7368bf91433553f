import type { TransactionalProducer } from '@moldau/client';
import { MoldauError } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { planScenario } from './scenario/scenario.ts';
import { World } from './world/world.ts';

type Producer = TransactionalProducer<Uint8Array, Uint8Array>;

const TOPIC = 'results';
const ID = 'copier';
/** A step of virtual time; the simulation looks for endless loops within one. */
const STEP_MS = 50;
const LIMIT_MS = 60_000;

/** A whole cluster with one topic, and clients by name. */
class Cluster {
  readonly world: World;

  constructor(seed: number) {
    this.world = new World({ ...planScenario(seed, { brokers: 3, factor: 3, minIsr: 2, faults: () => [] }), coordinators: 3 });
  }

  static async started(seed: number, partitions = 3): Promise<Cluster> {
    const cluster = new Cluster(seed);
    const { world } = cluster;
    for (const node of [...world.coordinators, ...world.brokers]) node.start();
    await cluster.until('brokers that serve', () => world.brokers.every(({ broker }) => broker?.readiness().ready === true));
    const topic = { name: TOPIC, partitions, replicationFactor: 3 };
    const [created] = await cluster.done(world.client('observer').moldau.admin().createTopics([topic]));
    expect(created?.error).toBeUndefined();
    return cluster;
  }

  producer(client: string, timeoutMs = 60_000): Producer {
    return this.world.client(client).moldau.transactionalProducer({ transactionalId: ID, timeoutMs });
  }

  async until(what: string, isTrue: () => boolean): Promise<void> {
    const endMs = this.world.scheduler.nowMs + LIMIT_MS;
    while (!isTrue()) {
      if (this.world.scheduler.nowMs > endMs) throw new Error(`not within ${LIMIT_MS} ms: ${what}`);
      await this.world.scheduler.runFor(STEP_MS);
    }
  }

  /** Runs the cluster until the promise settles. */
  async done<Value>(promise: Promise<Value>): Promise<Value> {
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
    };
    promise.then(settle, settle);
    await this.until('what is awaited', () => isSettled);
    return promise;
  }

  /** What a new reader of committed records finds, sorted. */
  async committed(): Promise<string[]> {
    const assignment = [{ topic: TOPIC }];
    const consumer = this.world.client('observer').moldau.consumer({ assignment, isolation: 'read_committed', stopAtEnd: true });
    const values: string[] = [];
    const reading = (async () => {
      for await (const batch of consumer.batches()) {
        for (const { value } of batch) values.push(Buffer.from(value ?? []).toString());
      }
    })();
    await this.done(reading);
    await this.done(consumer.close());
    return values.sort();
  }

  /** Which coordinator owns the shard of the transactional id. */
  async owner(): Promise<number> {
    const [described] = await this.done(this.world.client('observer').moldau.admin().describeTransactions([ID]));
    const id = described?.transaction?.coordinatorId ?? '';
    return Number(id.slice('coordinator-'.length));
  }
}

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}

async function reasonOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'OK',
    (error: unknown) => MoldauError.from(error).reason,
  );
}

function write(producer: Producer, values: readonly string[]): Promise<void> {
  return producer.transaction((transaction) => {
    for (const [at, value] of values.entries()) void transaction.send({ topic: TOPIC, partition: at % 3, value: bytes(value) });
  });
}

describe('transactions over a cluster', () => {
  it('commit and abort over several partitions, one after the other', async () => {
    const cluster = await Cluster.started(1);
    const producer = cluster.producer('producer-1');
    await cluster.done(write(producer, ['a1', 'a2', 'a3']));
    const transaction = await cluster.done(producer.begin());
    const sent = Promise.all(
      ['x1', 'x2', 'x3'].map((value, partition) => transaction.send({ topic: TOPIC, partition, value: bytes(value) })),
    );
    await cluster.done(sent);
    await cluster.done(transaction.abort());
    for (const round of ['b', 'c', 'd']) await cluster.done(write(producer, [`${round}1`, `${round}2`, `${round}3`]));
    expect(await cluster.committed()).toEqual(['a1', 'a2', 'a3', 'b1', 'b2', 'b3', 'c1', 'c2', 'c3', 'd1', 'd2', 'd3']);
  });

  it.each([false, true])('are aborted after their timeout, and readers go on (sends first: %s)', async (sendsFirst) => {
    const cluster = await Cluster.started(2);
    const producer = cluster.producer('producer-1', 2_000);
    const transaction = await cluster.done(producer.begin());
    await cluster.done(transaction.send({ topic: TOPIC, partition: 0, value: bytes('late') }));
    await cluster.world.scheduler.runFor(3_000);
    if (sendsFirst) await cluster.done(reasonOf(transaction.send({ topic: TOPIC, partition: 0, value: bytes('later') })));
    expect(await cluster.done(reasonOf(transaction.commit()))).toBe('TRANSACTION_ABORTED');
    await cluster.done(transaction.abort());
    await cluster.done(write(producer, ['next']));
    expect(await cluster.committed()).toEqual(['next']);
  });

  it.each([false, true])(
    'of a producer whose id another one has taken are aborted, and it is fenced (sends first: %s)',
    async (sendsFirst) => {
      const cluster = await Cluster.started(3);
      const zombie = cluster.producer('producer-1');
      const transaction = await cluster.done(zombie.begin());
      await cluster.done(transaction.send({ topic: TOPIC, partition: 0, value: bytes('zombie') }));
      await cluster.done(write(cluster.producer('producer-2'), ['heir']));
      if (sendsFirst) {
        expect(await cluster.done(reasonOf(transaction.send({ topic: TOPIC, partition: 0, value: bytes('again') })))).toBe(
          'FENCED_PRODUCER',
        );
      }
      expect(await cluster.done(reasonOf(transaction.commit()))).toBe('FENCED_PRODUCER');
      expect(await cluster.committed()).toEqual(['heir']);
    },
  );

  it('are completed by the next owner when theirs dies after the decision', async () => {
    const cluster = await Cluster.started(4);
    const producer = cluster.producer('producer-1');
    const transaction = await cluster.done(producer.begin());
    const sent = Promise.all([0, 1, 2].map((partition) => transaction.send({ topic: TOPIC, partition, value: bytes(`v${partition}`) })));
    await cluster.done(sent);
    const owner = await cluster.owner();
    const coordinator = cluster.world.coordinator(owner);
    // It dies as soon as the producer knows the decision: markers may be on their way, or not yet.
    const committing = transaction.commit();
    let isDecided = false;
    void committing.then(() => {
      isDecided = true;
    });
    const endMs = cluster.world.scheduler.nowMs + LIMIT_MS;
    while (!isDecided && cluster.world.scheduler.nowMs < endMs) await cluster.world.scheduler.runFor(0.2);
    coordinator.stop();
    await cluster.done(committing);
    await cluster.done(write(producer, ['next']));
    expect(await cluster.owner()).not.toBe(owner);
    expect(await cluster.committed()).toEqual(['next', 'v0', 'v1', 'v2']);
  });

  it('survive the death of a broker that leads one of their partitions', async () => {
    const cluster = await Cluster.started(5);
    const producer = cluster.producer('producer-1');
    await cluster.done(write(producer, ['a0', 'a1', 'a2']));
    const transaction = await cluster.done(producer.begin());
    const sent = Promise.all([0, 1, 2].map((partition) => transaction.send({ topic: TOPIC, partition, value: bytes(`b${partition}`) })));
    await cluster.done(sent);
    cluster.world.broker(1).stop('kill');
    await cluster.done(transaction.commit());
    await cluster.done(write(producer, ['c0', 'c1', 'c2']));
    expect(await cluster.committed()).toEqual(['a0', 'a1', 'a2', 'b0', 'b1', 'b2', 'c0', 'c1', 'c2']);
  });

  it('that hang are found and aborted by an operator', async () => {
    const cluster = await Cluster.started(6);
    const producer = cluster.producer('producer-1');
    const transaction = await cluster.done(producer.begin());
    await cluster.done(transaction.send({ topic: TOPIC, partition: 0, value: bytes('hangs') }));
    await cluster.world.scheduler.runFor(1_000);
    const admin = cluster.world.client('observer').moldau.admin();
    const listed: string[] = [];
    const listing = (async () => {
      for await (const { transactionalId } of admin.listTransactions({ states: ['ongoing'], runningForMs: 500 }))
        listed.push(transactionalId);
    })();
    await cluster.done(listing);
    expect(listed).toEqual([ID]);
    await cluster.done(admin.abortTransaction(ID));
    expect(await cluster.done(reasonOf(transaction.commit()))).toBe('TRANSACTION_ABORTED');
    expect(await cluster.committed()).toEqual([]);
  });
});
