import { assertTransactionalId, type Clock, MoldauError } from '@moldau/kernel';
import { adminService, errorToItem, type TransactionResult } from '@moldau/protocol';
import type { ShardCallOptions, ShardCalls } from '@moldau/shards';
import { assertCount } from '../produce/produce-terms.ts';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';
import { shardCallOptions } from '../shards/shard-call-options.ts';

const IDS_MAX = 100;

/** `AdminService.DescribeTransactions`: each id by the owner of its shard. */
export function describeTransactionsMethod(clock: Clock, shards: ShardCalls): RegisteredMethod {
  return unary(adminService.describeTransactions, async ({ transactionalIds }, context) => {
    assertCount('transactional_ids', transactionalIds.length, IDS_MAX);
    const options = shardCallOptions(clock, context);
    return { results: await Promise.all(transactionalIds.map((transactionalId) => describe(shards, transactionalId, options))) };
  });
}

async function describe(shards: ShardCalls, transactionalId: string, options: ShardCallOptions): Promise<TransactionResult> {
  try {
    assertTransactionalId(transactionalId);
    const transaction = await shards.callNamed(transactionalId, { $case: 'describeTransaction', value: { transactionalId } }, options);
    return { transactionalId, transaction, error: undefined };
  } catch (caught) {
    return { transactionalId, transaction: undefined, error: errorToItem(MoldauError.from(caught)) };
  }
}
