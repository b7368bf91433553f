import { assertTransactionalId, type Clock, MoldauError } from '@moldau/kernel';
import { type AbortTransactionRequest, type AbortTransactionResponse, adminService, TransactionState } from '@moldau/protocol';
import type { ShardCallOptions, ShardCalls } from '@moldau/shards';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';
import { shardCallOptions } from '../shards/shard-call-options.ts';

/** `AdminService.AbortTransaction`: by the owner of the id's shard. */
export function abortTransactionMethod(clock: Clock, shards: ShardCalls): RegisteredMethod {
  return unary(adminService.abortTransaction, (request, context) => abort(shards, request, shardCallOptions(clock, context)));
}

async function abort(
  shards: ShardCalls,
  { transactionalId, dryRun }: AbortTransactionRequest,
  options: ShardCallOptions,
): Promise<AbortTransactionResponse> {
  assertTransactionalId(transactionalId);
  const value = { transactionalId };
  if (!dryRun) await shards.callNamed(transactionalId, { $case: 'abortTransaction', value }, options);
  else {
    const { listing } = await shards.callNamed(transactionalId, { $case: 'describeTransaction', value }, options);
    assertUnderWay(transactionalId, listing?.state ?? TransactionState.UNSPECIFIED);
  }
  return {};
}

/** What the owner of the shard would say to the abort. */
function assertUnderWay(transactionalId: string, state: TransactionState): void {
  const facts = { transactional_id: transactionalId };
  switch (state) {
    case TransactionState.ONGOING:
      return;
    case TransactionState.PREPARE_COMMIT:
    case TransactionState.PREPARE_ABORT:
      throw new MoldauError('CONCURRENT_TRANSACTIONS', `the transaction of ${transactionalId} is being completed`, facts);
    default:
      throw new MoldauError('INVALID_TRANSACTION_STATE', `${transactionalId} has no transaction under way`, facts);
  }
}
