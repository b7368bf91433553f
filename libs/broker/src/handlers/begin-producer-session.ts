import { assertTransactionalId, type Clock } from '@moldau/kernel';
import { transactionService } from '@moldau/protocol';
import type { ShardCalls } from '@moldau/shards';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';
import { shardCallOptions } from '../shards/shard-call-options.ts';

/** `TransactionService.BeginProducerSession`: by the owner of the id's shard. */
export function beginProducerSessionMethod(clock: Clock, shards: ShardCalls): RegisteredMethod {
  return unary(transactionService.beginProducerSession, async (value, context) => {
    assertTransactionalId(value.transactionalId);
    return shards.callNamed(value.transactionalId, { $case: 'beginSession', value }, shardCallOptions(clock, context));
  });
}
