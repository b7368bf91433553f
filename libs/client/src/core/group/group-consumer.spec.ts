import { MoldauError } from '@moldau/kernel';
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

  it('commits by itself nothing below what the program has committed, but after a seek', async () => {
    const { cluster, scheduler, member, committed } = setUpGroup();
    fill(cluster.createTopic('orders').partitions[0], 10);
    const consumer = member({ autoCommitIntervalMs: 100 });
    const batches = consumer.batches();
    await scheduler.until(batches.next());
    const place = { topic: 'orders', partition: 0 };
    await scheduler.until(consumer.commit([{ ...place, offset: 4, metadata: 'by hand' }]));
    await scheduler.runFor(500);
    expect(committed(0)).toBe(4);
    expect(await scheduler.until(consumer.committed([place]))).toMatchObject([
      { ...place, offset: 4, leaderEpoch: 0, metadata: 'by hand' },
    ]);
    await scheduler.until(consumer.seek(place, { offset: 2 }));
    await scheduler.runFor(500);
    expect(committed(0)).toBe(2);
    await scheduler.until(consumer.close());
  });

  it('says so when the log was cut below what is committed, and reads on where the program says', async () => {
    const { cluster, scheduler, read } = setUpGroup(2);
    const partition = cluster.createTopic('orders').partitions[0];
    fill(partition, 30);
    const first = read();
    await scheduler.runFor(1_000);
    await scheduler.until(first.consumer.close());
    partition?.electUncleanly(1, 20);
    fill(partition, 20);
    const second = read();
    const error = await scheduler.until(failure(second.done));
    expect(error.reason).toBe('LOG_TRUNCATED');
    expect(Number(error.facts['diverging_offset'])).toBeLessThanOrEqual(20);
    await scheduler.until(second.consumer.seek({ topic: 'orders', partition: 0 }, { offset: 20 }));
    const { value } = await scheduler.until(second.consumer[Symbol.asyncIterator]().next());
    expect(value?.offset).toBe(20);
    await scheduler.until(second.consumer.close());
  });

  it('begins where it is told when nothing is committed, or says that nothing is', async () => {
    const { cluster, scheduler, read, committed } = setUpGroup();
    const partition = cluster.createTopic('orders').partitions[0];
    fill(partition, 10);
    const unsure = read({ from: 'error' });
    const error = await scheduler.until(failure(unsure.done));
    expect(error.reason).toBe('NO_COMMITTED_OFFSET');
    await scheduler.until(unsure.consumer.close());
    const sought: ReturnType<typeof read> = read({
      from: 'error',
      onAssigned: ([place]) => (place === undefined ? undefined : sought.consumer.seek(place, { offset: 7 })),
    });
    await scheduler.runFor(500);
    expect(sought.values).toEqual(numbers(0, 7, 10));
    await scheduler.until(sought.consumer.close());
    expect(committed(0)).toBe(10);
  });

  it('sends a commit again that was refused for now, or whose answer was lost, and tells one that is refused for good', async () => {
    const { cluster, scheduler, member, committed, group } = setUpGroup();
    fill(cluster.createTopic('orders').partitions[0], 10);
    const consumer = member({ autoCommit: false });
    const records = consumer[Symbol.asyncIterator]();
    await scheduler.until(records.next());
    let refusals = 0;
    cluster.faults.commit = () => (refusals++ < 3 ? scripted('COORDINATOR_LOADING') : undefined);
    await scheduler.until(consumer.commit());
    expect(committed(0)).toBe(1);
    cluster.faults.commit = () => 'silence';
    await scheduler.until(records.next());
    const lost = consumer.commit();
    await scheduler.runFor(100);
    delete cluster.faults.commit;
    for (const stream of [...(cluster.streams.get(0) ?? [])]) stream.break();
    await scheduler.until(lost);
    expect(committed(0)).toBe(2);
    const { memberId } = consumer.groupIdentity();
    group.members.get(memberId)?.held.clear();
    const refused = await scheduler.until(failure(consumer.commit([{ topic: 'orders', partition: 0, offset: 5 }])));
    expect(refused.reason).toBe('NOT_PARTITION_OWNER');
    await scheduler.until(consumer.close());
  });

  it('is removed when its program takes too long, and joins again when that comes back', async () => {
    const { cluster, scheduler, member, group } = setUpGroup();
    group.settings = { ...group.settings, processingIntervalMs: 5_000 };
    fill(cluster.createTopic('orders').partitions[0], 10, 1);
    const consumer = member();
    const records = consumer[Symbol.asyncIterator]();
    await scheduler.until(records.next());
    await scheduler.runFor(20_000);
    expect(group.members.size).toBe(0);
    expect(consumer.assignment()).toEqual([]);
    const { value } = await scheduler.until(records.next());
    expect(value?.offset).toBe(0);
    expect(group.members.size).toBe(1);
    await scheduler.until(consumer.close());
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

  it('is told that a partition is gone when there was no time to say that it goes', async () => {
    const { cluster, scheduler, member, read } = setUpGroup();
    fill(cluster.createTopic('orders', 2).partitions[1], 10, 1);
    const events: string[] = [];
    const stuck = member({
      rebalanceTimeoutMs: 5_000,
      onRevoked: () => void events.push('revoked'),
      onLost: (partitions, { reason }) => void events.push(`${reason}: ${partitions.map(({ partition }) => partition).join()}`),
    });
    const records = stuck[Symbol.asyncIterator]();
    for (const _ of [0, 1, 2]) await scheduler.until(records.next());
    const other = read();
    await scheduler.runFor(3_900);
    expect(events).toEqual([]);
    await scheduler.runFor(500);
    expect(events).toEqual(['REVOCATION_TIMED_OUT: 1']);
    // What it has in hand is of no account any more.
    const next = records.next();
    await scheduler.runFor(500);
    expect(events).toHaveLength(1);
    await scheduler.until(Promise.all([stuck.close(), other.consumer.close(), next]));
    expect(events).toEqual(['REVOCATION_TIMED_OUT: 1', 'revoked']);
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

  it('goes on with what it holds over another stream when a late join of its own has overtaken its stream', async () => {
    const { cluster, scheduler, read } = setUpGroup();
    cluster.createTopic('orders');
    const { consumer, events } = read({ instanceId: 'one' });
    await scheduler.runFor(1_000);
    for (const { call } of cluster.group('readers').members.values()) call?.close(new MoldauError('MEMBER_MOVED', 'a late join'));
    await scheduler.runFor(1_000);
    expect(events).toEqual(['+orders:0']);
    expect(consumer.assignment()).toHaveLength(1);
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
