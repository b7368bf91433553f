import { type Clock, DEFAULT_NAMESPACE, MoldauError } from '@moldau/kernel';
import {
  adminService,
  decodeMessage,
  encodeMessage,
  type ListShard,
  type Method,
  type ShardCall,
  type TransactionListing,
  TransactionState,
  transactionService,
} from '@moldau/protocol';
import type { ShardCalls } from '@moldau/shards';
import { describe, expect, it } from 'vitest';
import { abortTransactionMethod } from '../handlers/abort-transaction.ts';
import { beginProducerSessionMethod } from '../handlers/begin-producer-session.ts';
import { commitTransactionOffsetsMethod } from '../handlers/commit-transaction-offsets.ts';
import { describeTransactionsMethod } from '../handlers/describe-transactions.ts';
import { listTransactionsMethod } from '../handlers/list-transactions.ts';
import type { RegisteredMethod } from '../request/registered-method.ts';
import { ANONYMOUS, type RequestContext } from '../request/request-context.ts';
import { ShardTransactions } from './shard-transactions.ts';

const SHARDS = 4;
const clock: Clock = { monotonicMs: () => 0, wallMs: () => 0 };
const context: RequestContext = {
  path: '/x/y',
  listener: 'client',
  peer: '127.0.0.1:5',
  principal: ANONYMOUS,
  namespace: DEFAULT_NAMESPACE,
  clientId: 'test',
  trace: undefined,
  deadlineMs: 1_000,
  signal: new AbortController().signal,
};

interface Asked {
  readonly to: string;
  readonly call: NonNullable<ShardCall['call']>;
}

/** Shards that answer as told. */
function shardsThat(answer: (asked: Asked) => unknown, asked: Asked[] = []): ShardCalls {
  const ask = async (to: string, call: Asked['call']): Promise<never> => {
    asked.push({ to, call });
    return answer({ to, call }) as never;
  };
  const shards: Partial<ShardCalls> = {
    callNamed: (name, call) => ask(name, call),
    callShard: (shard, call) => ask(String(shard), call),
    shards: () => SHARDS,
    exist: () => true,
  };
  return shards as ShardCalls;
}

async function call<Request, Response>(
  registered: RegisteredMethod,
  method: Method<Request, Response>,
  request: Request,
): Promise<Response> {
  if (registered.kind !== 'unary') throw new Error('a unary method');
  return decodeMessage(method.response, await registered.call(encodeMessage(method.request, request), context));
}

async function reasonOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'OK',
    (error: unknown) => MoldauError.from(error).reason,
  );
}

describe('transactions at the edge', () => {
  it('lists all shards by name, page by page', async () => {
    const names = Array.from({ length: 2_500 }, (_, at) => `id-${String(at).padStart(5, '0')}`);
    const listing = (transactionalId: string): TransactionListing => ({
      transactionalId,
      state: TransactionState.EMPTY,
      session: undefined,
      startedAtMs: undefined,
    });
    const shards = shardsThat(({ to, call: { value } }) => {
      const { after, limit } = value as ListShard;
      const here = names.filter((name, at) => at % SHARDS === Number(to) && name > after);
      return { transactions: here.slice(0, limit).map(listing) };
    });
    const found: string[] = [];
    for (let pageToken = ''; ; ) {
      const request = { states: [], runningForMs: undefined, pageSize: 1_200, pageToken };
      const page = await call(listTransactionsMethod(clock, shards), adminService.listTransactions, request);
      found.push(...page.transactions.map(({ transactionalId }) => transactionalId));
      expect(page.transactions.length).toBeLessThanOrEqual(1_200);
      pageToken = page.nextPageToken;
      if (pageToken === '') break;
    }
    expect(found).toEqual(names);
  });

  it('makes the group a part of the transaction before the group keeps its offsets', async () => {
    const asked: Asked[] = [];
    const shards = shardsThat(() => ({ results: [] }), asked);
    const session = { producerId: 7, producerEpoch: 0 };
    const request = { transactionalId: 't', session, groupId: 'g', member: undefined, offsets: [] };
    await call(commitTransactionOffsetsMethod(clock, shards), transactionService.commitTransactionOffsets, request);
    expect(asked.map(({ to, call: { $case } }) => `${to} ${$case}`)).toEqual(['t addToTransaction', 'g stageOffsets']);
    expect(asked[0]?.call.value).toMatchObject({ transactionalId: 't', session, groups: ['g'] });
  });

  it('refuses names that are none, and asks nobody', async () => {
    const asked: Asked[] = [];
    const shards = shardsThat(() => ({}), asked);
    for (const transactionalId of ['', '.', 'a b', 'x'.repeat(250)]) {
      const begun = call(beginProducerSessionMethod(clock, shards), transactionService.beginProducerSession, {
        transactionalId,
        timeoutMs: undefined,
        current: undefined,
      });
      expect(await reasonOf(begun)).toBe('INVALID_TRANSACTIONAL_ID');
    }
    const request = { transactionalId: 't', session: undefined, groupId: '', member: undefined, offsets: [] };
    const committed = call(commitTransactionOffsetsMethod(clock, shards), transactionService.commitTransactionOffsets, request);
    expect(await reasonOf(committed)).toBe('INVALID_GROUP_ID');
    const described = await call(describeTransactionsMethod(clock, shards), adminService.describeTransactions, {
      transactionalIds: ['a b'],
    });
    expect(described.results[0]?.error?.reason).toBe('INVALID_TRANSACTIONAL_ID');
    expect(asked).toEqual([]);
  });

  it('tells by a dry run what an abort would be told', async () => {
    const asked: Asked[] = [];
    let state: TransactionState = TransactionState.ONGOING;
    const shards = shardsThat(() => ({ listing: { transactionalId: 't', state, session: undefined, startedAtMs: undefined } }), asked);
    const abort = (): Promise<string> =>
      reasonOf(call(abortTransactionMethod(clock, shards), adminService.abortTransaction, { transactionalId: 't', dryRun: true }));
    expect(await abort()).toBe('OK');
    state = TransactionState.PREPARE_COMMIT;
    expect(await abort()).toBe('CONCURRENT_TRANSACTIONS');
    state = TransactionState.EMPTY;
    expect(await abort()).toBe('INVALID_TRANSACTION_STATE');
    expect(asked.every(({ call: { $case } }) => $case === 'describeTransaction')).toBe(true);
  });

  it('finds by its producer whose transaction is open in a partition', async () => {
    const shards = shardsThat(({ to }) => ({ transactions: to === '2' ? [{ transactionalId: 'copier' }] : [] }));
    const transactions = new ShardTransactions(shards);
    expect(await transactions.underWay({ producerId: 7, topicId: 'x', partition: 0 }, context)).toBe('copier');
  });
});
