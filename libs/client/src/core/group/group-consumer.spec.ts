import { describe, expect, it } from 'vitest';
import { fill, numbers } from '../../testing/text-consumer.contract.ts';
import { setUpGroup } from '../../testing/text-group.contract.ts';
import { failure, scripted } from '../../testing/text-producer.contract.ts';

describe('a member of a group', () => {
  it('reads all partitions, commits by itself, and its successor goes on there', async () => {
    const { cluster, scheduler, read, committed } = setUpGroup(2);
    const topic = cluster.createTopic('orders', 3);
    for (const partition of topic.partitions) fill(partition, 25);
    const first = read();
    await scheduler.runFor(1_000);
    expect([...first.values].sort()).toEqual([0, 1, 2].flatMap((index) => numbers(index, 0, 25)).sort());
    expect(first.events).toEqual(['+orders:0', '+orders:1', '+orders:2']);
    await scheduler.runFor(5_000);
    expect([0, 1, 2].map(committed)).toEqual([25, 25, 25]);
    await scheduler.until(first.consumer.close());
    await scheduler.until(first.done);
    for (const partition of topic.partitions) fill(partition, 5);
    const second = read();
    await scheduler.runFor(1_000);
    expect(second.values).toHaveLength(15);
    await scheduler.until(second.consumer.close());
  });

  it('shares the partitions with others, and only those that move stop', async () => {
    const { cluster, scheduler, read, group } = setUpGroup(2);
    const topic = cluster.createTopic('orders', 4);
    const first = read();
    await scheduler.runFor(500);
    const second = read();
    await scheduler.runFor(2_500);
    expect(first.consumer.assignment()).toHaveLength(2);
    expect(second.consumer.assignment()).toHaveLength(2);
    expect(first.events.filter((event) => event.startsWith('-'))).toHaveLength(2);
    for (const partition of topic.partitions) fill(partition, 10);
    await scheduler.runFor(500);
    expect([...first.values, ...second.values].sort()).toEqual([0, 1, 2, 3].flatMap((index) => numbers(index, 0, 10)).sort());
    await scheduler.until(second.consumer.close());
    expect(group.members.size).toBe(1);
    await scheduler.runFor(300);
    expect(first.consumer.assignment()).toHaveLength(4);
  });

  it('does not commit the record that the program has in hand', async () => {
    const { cluster, scheduler, member, committed } = setUpGroup();
    fill(cluster.createTopic('orders').partitions[0], 10);
    const consumer = member({ autoCommitIntervalMs: 100 });
    const records = consumer[Symbol.asyncIterator]();
    for (const _ of [0, 1, 2]) await scheduler.until(records.next());
    await scheduler.runFor(1_000);
    expect(committed(0)).toBe(2);
    await scheduler.until(consumer.commit());
    expect(committed(0)).toBe(3);
    await scheduler.runFor(1_000);
    expect(committed(0)).toBe(3);
    await scheduler.until(records.next());
    await scheduler.until(consumer.close());
    expect(committed(0)).toBe(3);
  });

  it('gives up a partition only when the program is done with what it has of it', async () => {
    const { cluster, scheduler, member, read, committed } = setUpGroup();
    fill(cluster.createTopic('orders', 2).partitions[1], 10, 1);
    const slow = member();
    const records = slow[Symbol.asyncIterator]();
    for (const _ of [0, 1, 2]) await scheduler.until(records.next());
    const other = read();
    await scheduler.runFor(3_000);
    expect(other.consumer.assignment()).toHaveLength(0);
    const waiting = records.next();
    await scheduler.runFor(500);
    expect(other.consumer.assignment()).toEqual([{ topic: 'orders', partition: 1 }]);
    expect(slow.assignment()).toEqual([{ topic: 'orders', partition: 0 }]);
    expect(other.values).toEqual(numbers(1, 3, 10));
    expect(committed(1)).toBe(3);
    await scheduler.until(slow.close());
    expect(await scheduler.until(waiting)).toEqual({ done: true, value: undefined });
    await scheduler.until(other.consumer.close());
  });

  it('gives up a partition after four fifths of its rebalance timeout, whatever the program does', async () => {
    const { cluster, scheduler, member, read, committed } = setUpGroup();
    fill(cluster.createTopic('orders', 2).partitions[1], 10, 1);
    const stuck = member({ rebalanceTimeoutMs: 5_000 });
    const records = stuck[Symbol.asyncIterator]();
    for (const _ of [0, 1, 2]) await scheduler.until(records.next());
    const other = read();
    await scheduler.runFor(3_900);
    expect(other.consumer.assignment()).toHaveLength(0);
    await scheduler.runFor(500);
    expect(other.values).toEqual(numbers(1, 0, 10));
    expect(committed(1)).toBeUndefined();
    await scheduler.until(Promise.all([stuck.close(), other.consumer.close()]));
  });

  it('goes on with what it has when its stream breaks, with the same member id', async () => {
    const { cluster, scheduler, read } = setUpGroup(2);
    const topic = cluster.createTopic('orders', 2);
    const { consumer, values, events } = read();
    await scheduler.runFor(1_000);
    const { memberId } = consumer.groupIdentity();
    for (const streams of cluster.streams.values()) for (const stream of [...streams]) stream.break();
    await scheduler.runFor(2_000);
    for (const partition of topic.partitions) fill(partition, 5);
    await scheduler.runFor(2_000);
    expect(consumer.groupIdentity().memberId).toBe(memberId);
    expect(events).toEqual(['+orders:0', '+orders:1']);
    expect(values).toHaveLength(10);
    for (const streams of cluster.streams.values()) for (const stream of [...streams]) stream.goAway();
    await scheduler.runFor(1_000);
    expect(events).toHaveLength(2);
    await scheduler.until(consumer.close());
  });

  it('becomes another member when the cluster has ended its membership, and loses what it had', async () => {
    const { cluster, scheduler, read, group } = setUpGroup();
    const topic = cluster.createTopic('orders', 2);
    const { consumer, values, events } = read();
    await scheduler.runFor(1_000);
    const { memberId } = consumer.groupIdentity();
    group.remove(memberId, scripted('MEMBER_SESSION_EXPIRED'));
    await scheduler.runFor(2_000);
    expect(consumer.groupIdentity().memberId).not.toBe(memberId);
    expect(events).toEqual(['+orders:0', '+orders:1', '!orders:0', '!orders:1', '+orders:0', '+orders:1']);
    fill(topic.partitions[0], 5);
    await scheduler.runFor(1_000);
    expect(values).toHaveLength(5);
    await scheduler.until(consumer.close());
  });

  it('loses its partitions when no broker takes it back within its session timeout', async () => {
    const { cluster, scheduler, read } = setUpGroup();
    cluster.createTopic('orders');
    const { consumer, events } = read();
    await scheduler.runFor(1_000);
    cluster.faults.membership = () => scripted('COORDINATOR_NOT_AVAILABLE');
    for (const stream of [...(cluster.streams.get(0) ?? [])]) stream.break();
    await scheduler.runFor(7_000);
    expect(events).toEqual(['+orders:0', '!orders:0']);
    delete cluster.faults.membership;
    await scheduler.runFor(3_000);
    expect(events).toEqual(['+orders:0', '!orders:0', '+orders:0']);
    await scheduler.until(consumer.close());
  });

  it('ends when another life of the static member has joined', async () => {
    const { cluster, scheduler, read } = setUpGroup();
    cluster.createTopic('orders');
    const first = read({ instanceId: 'one' });
    await scheduler.runFor(1_000);
    const second = read({ instanceId: 'one' });
    const error = await scheduler.until(failure(first.done));
    expect(error.reason).toBe('FENCED_INSTANCE');
    await scheduler.runFor(1_000);
    expect(second.consumer.assignment()).toHaveLength(1);
    await scheduler.until(second.consumer.close({ returning: true }));
    const third = read({ instanceId: 'one' });
    await scheduler.runFor(1_000);
    expect(third.consumer.assignment()).toHaveLength(1);
    await scheduler.until(Promise.all([first.consumer.close(), third.consumer.close()]));
  });

  it('reads topics of a pattern as they come, and other topics when it says so', async () => {
    const { cluster, scheduler, read } = setUpGroup();
    cluster.createTopic('orders.eu');
    const { consumer } = read({ pattern: 'orders\\..*' });
    await scheduler.runFor(1_000);
    cluster.createTopic('orders.us', 2);
    cluster.createTopic('flights');
    await scheduler.runFor(2_000);
    expect(
      consumer
        .assignment()
        .map(({ topic }) => topic)
        .sort(),
    ).toEqual(['orders.eu', 'orders.us', 'orders.us']);
    consumer.subscribe({ topics: ['flights'] });
    await scheduler.runFor(3_000);
    expect(consumer.assignment().map(({ topic }) => topic)).toEqual(['flights']);
    await scheduler.until(consumer.close());
  });
});
