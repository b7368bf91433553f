import { MoldauError } from '@moldau/kernel';
import {
  type BeginProducerSessionResponse,
  type EndTransactionResponse,
  TransactionOutcome,
  type TransactionSession,
  TransactionState,
} from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { partitionsOf, TransactionsRig } from '../testing/transactions-rig.ts';

const ID = 'copier';
const { COMMIT, ABORT } = TransactionOutcome;

async function begin(rig: TransactionsRig, current?: TransactionSession, timeoutMs = 60_000): Promise<TransactionSession> {
  const answer: BeginProducerSessionResponse = await rig.call('beginSession', { transactionalId: ID, timeoutMs, current });
  return answer.session!;
}

async function add(rig: TransactionsRig, session: TransactionSession, partitions: number[], groups: string[] = []): Promise<void> {
  await rig.call('addToTransaction', {
    transactionalId: ID,
    session,
    partitions: partitions.length === 0 ? [] : partitionsOf(...partitions),
    groups,
  });
}

async function end(
  rig: TransactionsRig,
  session: TransactionSession,
  outcome: TransactionOutcome = COMMIT,
): Promise<EndTransactionResponse> {
  return rig.call('endTransaction', { transactionalId: ID, session, outcome });
}

async function state(rig: TransactionsRig): Promise<TransactionState | undefined> {
  const { listing }: { listing: { state: TransactionState } } = await rig.call('describeTransaction', { transactionalId: ID });
  return listing.state;
}

async function reasonOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'OK',
    (error: unknown) => MoldauError.from(error).reason,
  );
}

describe('a shard of transactions', () => {
  it('commits: markers go to leaders and groups once the decision is committed, one call for each broker', async () => {
    const rig = new TransactionsRig();
    rig.lead(1, 2, 1);
    const session = await begin(rig);
    await add(rig, session, [0, 1, 2], ['g']);
    rig.shard.hold();
    const ended = rig.send('endTransaction', { transactionalId: ID, session, outcome: COMMIT });
    await rig.scheduler.runFor(100);
    expect(rig.heard).toEqual([]);
    rig.shard.release();
    const answer: EndTransactionResponse = await rig.scheduler.until(ended);
    expect(answer.session).toEqual({ producerId: session.producerId, producerEpoch: 1 });
    await rig.scheduler.runFor(100);
    const marker = { producerId: session.producerId, producerEpoch: 1, outcome: COMMIT, shard: 0, shardEpoch: 1 };
    expect(rig.heard).toMatchObject([
      { ...marker, broker: 1, partitions: partitionsOf(0, 2) },
      { ...marker, broker: 2, partitions: partitionsOf(1) },
    ]);
    expect(rig.ends).toMatchObject([{ producerId: session.producerId, producerEpoch: 0, shardEpoch: 1, outcome: COMMIT }]);
    expect(await state(rig)).toBe(TransactionState.COMPLETE_COMMIT);
  });

  it('lets the first write of the next transaction wait until the last one is complete', async () => {
    const rig = new TransactionsRig();
    rig.lead(1);
    const session = await begin(rig);
    await add(rig, session, [0]);
    const brokers = Promise.withResolvers<void>();
    rig.brokersWait = brokers.promise;
    const next = (await end(rig, session)).session!;
    const added = rig.send('addToTransaction', { transactionalId: ID, session: next, partitions: partitionsOf(0), groups: [] });
    await rig.scheduler.runFor(1_000);
    expect(await state(rig)).toBe(TransactionState.PREPARE_COMMIT);
    brokers.resolve();
    await rig.scheduler.until(added);
    expect(await state(rig)).toBe(TransactionState.ONGOING);
  });

  it('answers CONCURRENT_TRANSACTIONS when the last one takes too long to complete', async () => {
    const rig = new TransactionsRig();
    rig.lead(undefined);
    const session = await begin(rig);
    await add(rig, session, [0]);
    const next = (await end(rig, session)).session!;
    const value = { transactionalId: ID, session: next, partitions: partitionsOf(0), groups: [] };
    expect(await reasonOf(rig.call('addToTransaction', value, { timeoutMs: 1_000 }))).toBe('CONCURRENT_TRANSACTIONS');
    rig.lead(2);
    await rig.scheduler.runFor(50);
    expect(rig.heard).toMatchObject([{ broker: 2 }]);
    await add(rig, next, [0]);
  });

  it('tells again those partitions that were not reached, and no others', async () => {
    const rig = new TransactionsRig();
    rig.lead(1, 1);
    const session = await begin(rig);
    await add(rig, session, [0, 1]);
    rig.refuse = (broker, partition) => (broker === 1 && partition === 1 ? 'NOT_LEADER' : undefined);
    await end(rig, session);
    await rig.scheduler.runFor(300);
    expect(rig.heard.length).toBeGreaterThan(2);
    expect(rig.heard.slice(1).every(({ partitions }) => partitions[0]?.partitions.join() === '1')).toBe(true);
    rig.lead(1, 3);
    await rig.scheduler.runFor(50);
    expect(rig.heard.at(-1)).toMatchObject({ broker: 3 });
    expect(await state(rig)).toBe(TransactionState.COMPLETE_COMMIT);
  });

  it('takes a topic for deleted only when the store has it no more', async () => {
    const rig = new TransactionsRig();
    await rig.storeTopic();
    const session = await begin(rig);
    await add(rig, session, [0]);
    await end(rig, session);
    await rig.scheduler.runFor(3_000);
    expect(await state(rig)).toBe(TransactionState.PREPARE_COMMIT);
    rig.lead(1);
    await rig.scheduler.runFor(50);
    expect(await state(rig)).toBe(TransactionState.COMPLETE_COMMIT);

    const gone = new TransactionsRig();
    const other = await begin(gone);
    await add(gone, other, [0]);
    await end(gone, other);
    await gone.scheduler.runFor(100);
    expect(await state(gone)).toBe(TransactionState.COMPLETE_COMMIT);
    expect(gone.heard).toEqual([]);
  });

  it('has all markers sent again by its next owner, in the new shard epoch, and none by the former', async () => {
    const rig = new TransactionsRig();
    rig.lead(1, undefined);
    const session = await begin(rig);
    await add(rig, session, [0, 1]);
    await end(rig, session);
    await rig.scheduler.runFor(100);
    const { records } = rig.shard;
    rig.shard.lose();
    rig.load(2, records);
    rig.lead(1, 2);
    await rig.scheduler.runFor(2_000);
    expect(rig.heard.map(({ broker, shardEpoch }) => ({ broker, shardEpoch }))).toEqual([
      { broker: 1, shardEpoch: 1 },
      { broker: 1, shardEpoch: 2 },
      { broker: 2, shardEpoch: 2 },
    ]);
    expect(await state(rig)).toBe(TransactionState.COMPLETE_COMMIT);
  });

  it('aborts after the timeout; its producer is told, aborts and goes on', async () => {
    const rig = new TransactionsRig();
    rig.lead(1);
    const session = await begin(rig, undefined, 1_000);
    await add(rig, session, [0]);
    await rig.scheduler.runFor(1_400);
    expect(rig.heard).toMatchObject([{ outcome: ABORT, producerEpoch: 1 }]);
    expect(await reasonOf(end(rig, session))).toBe('TRANSACTION_ABORTED');
    const next = (await end(rig, session, ABORT)).session!;
    expect(next.producerEpoch).toBe(1);
    await add(rig, next, [0]);
  });

  it('aborts what a former session has under way before the next one begins, and fences it', async () => {
    const rig = new TransactionsRig();
    rig.lead(1);
    const zombie = await begin(rig);
    await add(rig, zombie, [0]);
    const session = await begin(rig);
    expect(rig.heard).toMatchObject([{ outcome: ABORT }]);
    expect(session).toEqual({ producerId: zombie.producerId, producerEpoch: 2 });
    expect(await reasonOf(end(rig, zombie))).toBe('FENCED_PRODUCER');
    expect(await reasonOf(add(rig, zombie, [0]))).toBe('FENCED_PRODUCER');
    expect(await reasonOf(begin(rig, zombie))).toBe('FENCED_PRODUCER');
  });

  it('aborts by an operator, and not what is not under way', async () => {
    const rig = new TransactionsRig();
    rig.lead(1);
    const abort = (): Promise<unknown> => rig.call('abortTransaction', { transactionalId: ID });
    expect(await reasonOf(abort())).toBe('UNKNOWN_TRANSACTIONAL_ID');
    const session = await begin(rig);
    expect(await reasonOf(abort())).toBe('INVALID_TRANSACTION_STATE');
    await add(rig, session, [0]);
    await abort();
    expect(await reasonOf(end(rig, session))).toBe('TRANSACTION_ABORTED');
    await rig.scheduler.runFor(100);
    expect(await state(rig)).toBe(TransactionState.COMPLETE_ABORT);
  });

  it('refuses what is malformed, with its state unchanged', async () => {
    const rig = new TransactionsRig();
    rig.lead(1);
    const session = await begin(rig);
    const { length } = rig.shard.records;
    expect(await reasonOf(begin(rig, undefined, 0))).toBe('INVALID_TRANSACTION_TIMEOUT');
    expect(await reasonOf(add(rig, session, [], []))).toBe('INVALID_REQUEST');
    expect(await reasonOf(add(rig, { producerId: -1, producerEpoch: 0 }, [0]))).toBe('INVALID_REQUEST');
    expect(await reasonOf(add(rig, session, [-1]))).toBe('INVALID_REQUEST');
    expect(await reasonOf(rig.call('endTransaction', { transactionalId: ID, session, outcome: TransactionOutcome.UNSPECIFIED }))).toBe(
      'INVALID_REQUEST',
    );
    expect(await reasonOf(rig.call('beginSession', { transactionalId: '' }))).toBe('INVALID_TRANSACTIONAL_ID');
    expect(await reasonOf(end(rig, session))).toBe('INVALID_TRANSACTION_STATE');
    expect(rig.shard.records.length).toBe(length);
  });

  it('lists by name, by state, by age and by producer', async () => {
    const rig = new TransactionsRig();
    rig.lead(1);
    for (const transactionalId of ['c', 'a', 'b']) await rig.call('beginSession', { transactionalId });
    const session = await begin(rig);
    await add(rig, session, [0]);
    const page = { after: '', limit: 10, transactionStates: [], partitions: [] };
    const list = async (request: object): Promise<string[]> => {
      const { transactions }: { transactions: { transactionalId: string }[] } = await rig.call('listTransactions', { ...page, ...request });
      return transactions.map(({ transactionalId }) => transactionalId);
    };
    expect(await list({})).toEqual(['a', 'b', 'c', ID]);
    expect(await list({ after: 'a', limit: 2 })).toEqual(['b', 'c']);
    expect(await list({ transactionStates: [TransactionState.ONGOING] })).toEqual([ID]);
    expect(await list({ runningForMs: 500 })).toEqual([]);
    await rig.scheduler.runFor(500);
    expect(await list({ runningForMs: 500 })).toEqual([ID]);
    expect(await list({ producerId: session.producerId })).toEqual([ID]);
    expect(await list({ producerId: session.producerId, partitions: partitionsOf(1) })).toEqual([]);
  });
});
