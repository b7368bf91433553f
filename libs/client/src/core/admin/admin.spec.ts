import { MoldauError } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { simulate } from '../../testing/simulation.contract.ts';

describe('admin', () => {
  it('creates, lists page by page, describes and deletes topics, with one result for each', async () => {
    const { connect, scheduler } = simulate();
    const admin = connect().admin();
    const names = ['a', 'b', 'c', 'd', 'e'];
    const created = await scheduler.until(admin.createTopics(names.map((name) => ({ name, partitions: 2 }))));
    expect(created.map(({ name, partitions, error }) => [name, partitions, error])).toEqual(names.map((name) => [name, 2, undefined]));
    const [again] = await scheduler.until(admin.createTopics([{ name: 'a' }]));
    expect(again?.error).toMatchObject({ reason: 'TOPIC_EXISTS' });
    const listed: string[] = [];
    const list = (async () => {
      for await (const { name } of admin.listTopics({ pageSize: 2 })) listed.push(name);
    })();
    await scheduler.until(list);
    expect(listed).toEqual(names);
    const [described, unknown] = await scheduler.until(admin.describeTopics(['c', 'z']));
    expect(described?.partitions.map(({ leaderId }) => leaderId)).toEqual([0, 0]);
    expect(unknown).toMatchObject({ name: 'z', error: { reason: 'UNKNOWN_TOPIC' } });
    const [deleted, missing] = await scheduler.until(admin.deleteTopics(['c', 'z']));
    expect(deleted?.error).toBeUndefined();
    expect(missing?.error?.reason).toBe('UNKNOWN_TOPIC');
  });

  it('a topic that is deleted and made again is written to at once', async () => {
    const { connect, cluster, scheduler } = simulate();
    const moldau = connect();
    const producer = moldau.producer();
    cluster.createTopic('again');
    await scheduler.until(producer.send({ topic: 'again', value: Buffer.from('old') }));
    await scheduler.until(moldau.admin().deleteTopics(['again']));
    await scheduler.until(moldau.admin().createTopics([{ name: 'again' }]));
    await scheduler.until(producer.send({ topic: 'again', value: Buffer.from('new') }));
    expect(cluster.topics.get('again')?.partitions[0]?.values()).toEqual(['new']);
  });

  it('finds offsets and deletes records at the leaders', async () => {
    const { connect, cluster, scheduler } = simulate({ brokers: 2 });
    const moldau = connect();
    const topic = cluster.createTopic('orders', 2);
    const producer = moldau.producer();
    const send = (partition: number, timestampMs: number) =>
      producer.send({ topic: 'orders', partition, timestampMs, value: Buffer.from('v') });
    await scheduler.until(Promise.all([send(0, 1000), send(0, 2000), send(1, 3000)]));
    const found = await scheduler.until(
      moldau.admin().listOffsets([
        { topic: 'orders', partition: 0, position: 'latest' },
        { topic: 'orders', partition: 0, position: { timestampMs: 1500 } },
        { topic: 'orders', partition: 1, position: { timestampMs: 9999 } },
        { topic: 'orders', partition: 5, position: 'earliest' },
      ]),
    );
    expect(found.map(({ offset, timestampMs, error }) => [offset, timestampMs, error?.reason])).toEqual([
      [2, undefined, undefined],
      [1, 2000, undefined],
      [undefined, undefined, undefined],
      [undefined, undefined, 'UNKNOWN_PARTITION'],
    ]);
    topic.partitions[0]?.moveTo(1);
    const gone = await scheduler.until(
      moldau.admin().deleteRecords([
        { topic: 'orders', partition: 0, before: { offset: 1 } },
        { topic: 'orders', partition: 1, before: 'all' },
      ]),
    );
    expect(gone.map(({ logStartOffset, error }) => [logStartOffset, error])).toEqual([
      [1, undefined],
      [1, undefined],
    ]);
  });

  it('shows and changes where replicas are', async () => {
    const { connect, cluster, scheduler } = simulate();
    const admin = connect().admin();
    cluster.createTopic('a', 3);
    cluster.createTopic('b', 2);
    const described: string[] = [];
    const collect = async (topics?: readonly string[]): Promise<void> => {
      for await (const { topic, partition, leaderId } of admin.describePartitions({
        pageSize: 2,
        ...(topics === undefined ? {} : { topics }),
      })) {
        described.push(`${topic}/${partition}@${leaderId}`);
      }
    };
    await scheduler.until(collect());
    expect(described).toEqual(['a/0@0', 'a/1@0', 'a/2@0', 'b/0@0', 'b/1@0']);
    await expect(scheduler.until(collect(['z']))).rejects.toMatchObject({ reason: 'UNKNOWN_TOPIC' });
    const replicas = await scheduler.until(
      admin.describeReplicas([
        { topic: 'b', partition: 1 },
        { topic: 'b', partition: 9 },
      ]),
    );
    expect(replicas).toMatchObject([
      { topic: 'b', partition: 1, led: { highWatermark: 0, replicas: [{ brokerId: 0, inSync: true, lagRecords: 0 }] }, error: undefined },
      { topic: 'b', partition: 9, led: undefined, error: { reason: 'UNKNOWN_PARTITION' } },
    ]);
    await scheduler.until(admin.cordonBroker(0));
    await scheduler.until(admin.uncordonBroker(0));
    await expect(scheduler.until(admin.cordonBroker(9))).rejects.toMatchObject({ reason: 'UNKNOWN_BROKER' });
    expect(await scheduler.until(admin.drainBroker(0, 'start'))).toEqual({ draining: true, replicas: 1, leaders: 1, moving: 0, stuck: 0 });
    expect(await scheduler.until(admin.drainBroker(0, 'cancel'))).toMatchObject({ draining: false });
    const moved = await scheduler.until(
      admin.reassignPartitions([
        { topic: 'a', partition: 1, replicas: [0] },
        { topic: 'a', partition: 2, replicas: 'cancel' },
        { topic: 'z', partition: 0, replicas: [0] },
      ]),
    );
    expect(moved.map(({ topic, partition, error }) => [topic, partition, error?.reason])).toEqual([
      ['a', 1, undefined],
      ['a', 2, 'NO_REASSIGNMENT'],
      ['z', 0, 'UNKNOWN_TOPIC'],
    ]);
    const elected = await scheduler.until(admin.electLeaders('unclean', [{ topic: 'b', partition: 0 }]));
    expect(elected[0]).toMatchObject({ topic: 'b', partition: 0, error: { reason: 'ELECTION_NOT_NEEDED' } });
    expect((await scheduler.until(admin.electLeaders('preferred', [{ topic: 'b', partition: 0 }])))[0]?.error).toBeUndefined();
  });

  it('turns to another broker when one does not answer', async () => {
    const { connect, scheduler, stopBroker, statuses } = simulate({ brokers: 3 });
    const moldau = connect();
    expect((await scheduler.until(moldau.admin().describeCluster())).brokers).toHaveLength(3);
    stopBroker(0);
    stopBroker(1);
    expect((await scheduler.until(moldau.admin().describeCluster())).brokers).toHaveLength(1);
    expect(statuses[0]).toMatchObject({ kind: 'connected' });
  });

  it('names the addresses when nobody answers, soon for a cluster that was never reached', async () => {
    const { connect, scheduler, statuses } = simulate();
    const nowhere = connect({ bootstrap: ['broker-8:9092', 'broker-9:9092'] }).admin();
    const error = await scheduler.until(nowhere.describeCluster().catch((caught: unknown) => MoldauError.from(caught)));
    expect(error).toMatchObject({ reason: 'SERVER_UNREACHABLE', facts: { bootstrap: 'broker-8:9092, broker-9:9092' } });
    expect(scheduler.nowMs).toBeLessThan(5000);
    expect(statuses).toContainEqual(expect.objectContaining({ kind: 'disconnected' }));
  });

  it('can be cancelled, and is closed with its client', async () => {
    const { connect, scheduler, network } = simulate();
    const moldau = connect();
    await scheduler.until(moldau.admin().describeCluster());
    network.partition(['client'], ['broker-0']);
    const controller = new AbortController();
    const described = moldau.admin().describeCluster({ signal: controller.signal });
    const outcome = described.catch((caught: unknown) => MoldauError.from(caught).reason);
    await scheduler.runFor(100);
    controller.abort();
    expect(await scheduler.until(outcome)).toBe('CANCELLED');
    await scheduler.until(moldau.close());
    const late = moldau.admin().describeCluster();
    expect(await scheduler.until(late.catch((caught: unknown) => MoldauError.from(caught).reason))).toBe('CLIENT_CLOSED');
    expect(() => moldau.producer()).toThrow(/closed/);
  });
});
