import { MoldauError } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { simulate } from '../../testing/simulation.contract.ts';
import { fill } from '../../testing/text-consumer.contract.ts';
import { setUpGroup } from '../../testing/text-group.contract.ts';
import { failure, TEXT } from '../../testing/text-producer.contract.ts';
import type { PartitionHold } from '../group/group-types.ts';
import type { HoldingGroup } from './transaction-types.ts';

const OFFSETS = [{ topic: 'orders', partition: 0, offset: 7 }];

/** A member whose epoch never changes, whatever it holds. */
class Holder implements HoldingGroup {
  hold: { isGone: boolean } | undefined = { isGone: false };

  groupIdentity() {
    return { groupId: 'readers', memberId: 'm', memberEpoch: 3 };
  }

  holdOn(): PartitionHold | undefined {
    return this.hold;
  }

  /** It lets go, and is given the same again. */
  holdAnew(): void {
    if (this.hold !== undefined) this.hold.isGone = true;
    this.hold = { isGone: false };
  }
}

function setUp() {
  const simulation = simulate({});
  const topic = simulation.cluster.createTopic('orders', 1);
  const producer = simulation.connect().transactionalProducer({ transactionalId: 'tx', ...TEXT });
  const counted = () => [topic.partitions[0]?.committedValues(), [...simulation.cluster.transactions.groupOffsets.values()]];
  const transact = (group: HoldingGroup, value: string): Promise<void> =>
    producer.transaction((tx) => {
      void tx.send({ topic: 'orders', value });
      void tx.commitOffsets(group, OFFSETS);
    });
  return { ...simulation, counted, transact };
}

const LOST = { reason: 'TRANSACTION_ABORTED', cause: { reason: 'NOT_PARTITION_OWNER' } };

describe('a partition whose offset a transaction commits', () => {
  it('was lost while the offset was on its way: the transaction is aborted, though the member holds it again in the same epoch', async () => {
    const { cluster, scheduler, counted, transact } = setUp();
    const group = new Holder();
    let away = true;
    cluster.transactions.fault = (call) =>
      away && call === 'offsets' ? { carriedOut: false, error: new MoldauError('REQUEST_TIMED_OUT', 'scripted') } : undefined;
    const lost = failure(transact(group, 'lost'));
    await scheduler.runFor(1_000);
    group.holdAnew();
    away = false;
    expect(await scheduler.until(lost)).toMatchObject(LOST);
    expect(counted()).toEqual([[], []]);
    await scheduler.until(transact(group, 'kept'));
    expect(counted()).toEqual([['kept'], [7]]);
  });

  it('is not held: the transaction fails at once', async () => {
    const { cluster, scheduler, counted, transact } = setUp();
    const group = new Holder();
    group.hold = undefined;
    expect(await scheduler.until(failure(transact(group, 'a')))).toMatchObject(LOST);
    expect(cluster.transactions.calls.offsets).toBe(0);
    expect(counted()).toEqual([[], []]);
  });

  it('may be lost once the offset is staged: whoever holds it next waits for the end', async () => {
    const { cluster, scheduler, counted, transact } = setUp();
    const group = new Holder();
    cluster.transactions.fault = (call) => {
      if (call === 'end') group.holdAnew();
      return undefined;
    };
    await scheduler.until(transact(group, 'kept'));
    expect(counted()).toEqual([['kept'], [7]]);
  });

  it('was lost while the program had its records in hand: a consumer that has it again does not commit them', async () => {
    const { cluster, scheduler, moldau, group, member, committed } = setUpGroup();
    cluster.transactions.commitToGroups();
    const orders = cluster.createTopic('orders', 1);
    fill(orders.partitions[0], 3);
    const consumer = member({ isolation: 'read_committed', autoCommit: false });
    const batches = consumer.batches();
    const first = (await scheduler.until(batches.next())).value!;
    const hold = consumer.holdOn(first);
    cluster.faults.membership = () => new MoldauError('COORDINATOR_NOT_AVAILABLE', 'scripted');
    for (const stream of [...(cluster.streams.get(0) ?? [])]) stream.break();
    // A new owner of the group begins all sessions anew.
    for (const each of group.members.values()) each.session?.cancel();
    await scheduler.runFor(7_000);
    delete cluster.faults.membership;
    await scheduler.runFor(5_000);
    expect(hold?.isGone).toBe(true);
    expect(consumer.holdOn(first)?.isGone).toBe(false);
    const producer = moldau.transactionalProducer({ transactionalId: 'tx', ...TEXT });
    const commit = ({ topic, partition, lastOffset }: typeof first): Promise<void> =>
      producer.transaction((tx) => void tx.commitOffsets(consumer, [{ topic, partition, offset: lastOffset + 1 }]));
    expect(await scheduler.until(failure(commit(first)))).toMatchObject(LOST);
    expect(committed(0)).toBeUndefined();
    const again = (await scheduler.until(batches.next())).value!;
    expect(again.firstOffset).toBe(first.firstOffset);
    await scheduler.until(commit(again));
    expect(committed(0)).toBe(3);
    await scheduler.until(consumer.close());
  });
});
