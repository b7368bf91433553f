import { assertTransactionalId, type Clock } from '@moldau/kernel';
import { transactionService } from '@moldau/protocol';
import type { ShardCalls } from '@moldau/shards';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';
import { shardCallOptions } from '../shards/shard-call-options.ts';

/** `TransactionService.EndTransaction`: answered when the decision is committed; markers follow from the owner of the shard. */
export function endTransactionMethod(clock: Clock, shards: ShardCalls): RegisteredMethod {
  return unary(transactionService.endTransaction, async (value, context) => {
    assertTransactionalId(value.transactionalId);
    return shards.callNamed(value.transactionalId, { $case: 'endTransaction', value }, shardCallOptions(clock, context));
  });
}
