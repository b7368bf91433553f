import { describe, expect, it } from 'vitest';
import { simulate } from '../../testing/simulation.contract.ts';
import { failure, TEXT } from '../../testing/text-producer.contract.ts';
import type { TransactionListing } from './transaction-types.ts';

async function setUp() {
  const simulation = simulate({ brokers: 2 });
  const { cluster, scheduler } = simulation;
  const moldau = simulation.connect();
  cluster.createTopic('orders', 3);
  for (const transactionalId of ['a', 'b', 'c']) {
    const producer = moldau.transactionalProducer({ transactionalId, ...TEXT });
    const tx = await scheduler.until(producer.begin());
    await scheduler.until(tx.send({ topic: 'orders', value: transactionalId }));
    if (transactionalId !== 'b') await scheduler.until(tx.commit());
  }
  return { ...simulation, admin: moldau.admin() };
}

describe('the admin of transactions', () => {
  it('lists them page after page, all or by state', async () => {
    const { admin, scheduler } = await setUp();
    const list = async (...options: Parameters<typeof admin.listTransactions>): Promise<TransactionListing[]> => {
      const listed: TransactionListing[] = [];
      for await (const each of admin.listTransactions(...options)) listed.push(each);
      return listed;
    };
    expect((await scheduler.until(list())).map(({ transactionalId, state }) => [transactionalId, state])).toEqual([
      ['a', 'complete-commit'],
      ['b', 'ongoing'],
      ['c', 'complete-commit'],
    ]);
    expect(await scheduler.until(list({ states: ['ongoing'] }))).toEqual([
      { transactionalId: 'b', state: 'ongoing', producerId: 7, producerEpoch: 3, startedAtMs: 1_000 },
    ]);
  });

  it('describes them, each with its own error', async () => {
    const { admin, scheduler } = await setUp();
    const [b, none] = await scheduler.until(admin.describeTransactions(['b', 'none']));
    expect(b?.transaction).toMatchObject({
      state: 'ongoing',
      timeoutMs: 60_000,
      partitions: [{ topic: 'gone', partition: 4 }],
      groups: ['g'],
    });
    expect(none?.error).toMatchObject({ reason: 'UNKNOWN_TRANSACTIONAL_ID' });
  });

  it('aborts what hangs, unless it is only asked', async () => {
    const { admin, scheduler, cluster } = await setUp();
    await scheduler.until(admin.abortTransaction('b', { dryRun: true }));
    expect(cluster.transactions.stateOf('b')).toBe('ongoing');
    await scheduler.until(admin.abortTransaction('b'));
    expect(cluster.transactions.stateOf('b')).toBe('complete');
    expect(await scheduler.until(failure(admin.abortTransaction('x')))).toMatchObject({ reason: 'UNKNOWN_TRANSACTIONAL_ID' });
  });

  it("describes partitions' producers by their leaders", async () => {
    const { admin, scheduler } = await setUp();
    const described = await scheduler.until(admin.describeProducers([2, 1, 7].map((partition) => ({ topic: 'orders', partition }))));
    expect(described[0]).toEqual({
      topic: 'orders',
      partition: 2,
      producers: [{ producerId: 7, producerEpoch: 3, lastSequence: 9, lastTimestampMs: 5, transactionStartOffset: 20 }],
      error: undefined,
    });
    expect(described.map(({ error }) => error?.reason)).toEqual([undefined, undefined, 'UNKNOWN_PARTITION']);
  });

  it('finds what hangs in partitions, and ends it once', async () => {
    const { admin, scheduler } = await setUp();
    const partitions = [0, 1, 2, 7].map((partition) => ({ topic: 'orders', partition }));
    const { hanging, failed } = await scheduler.until(admin.findHangingTransactions(partitions));
    const producer = { producerId: 7, producerEpoch: 3 };
    expect(hanging).toEqual([
      { topic: 'orders', partition: 0, startOffset: 0, ...producer, lastTimestampMs: 5 },
      { topic: 'orders', partition: 2, startOffset: 20, ...producer, lastTimestampMs: 5 },
    ]);
    expect(failed).toMatchObject([{ topic: 'orders', partition: 7, error: { reason: 'UNKNOWN_PARTITION' } }]);
    const target = { topic: 'orders', partition: 2, startOffset: 20 };
    expect(await scheduler.until(admin.abortHangingTransaction(target, { dryRun: true }))).toEqual(producer);
    expect(await scheduler.until(admin.abortHangingTransaction(target))).toEqual(producer);
    const again = await scheduler.until(failure(admin.abortHangingTransaction(target)));
    expect(again).toMatchObject({ reason: 'INVALID_TRANSACTION_STATE' });
    expect((await scheduler.until(admin.findHangingTransactions(partitions))).hanging).toHaveLength(1);
  });
});
