import { parseGroupId } from '@moldau/groups';
import { assertTransactionalId, type Clock } from '@moldau/kernel';
import { type CommitTransactionOffsetsRequest, type CommitTransactionOffsetsResponse, transactionService } from '@moldau/protocol';
import type { ShardCalls } from '@moldau/shards';
import { assertCount } from '../produce/produce-terms.ts';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';
import type { RequestContext } from '../request/request-context.ts';
import { shardCallOptions } from '../shards/shard-call-options.ts';

const OFFSETS_MAX = 10_000;

/**
 * `TransactionService.CommitTransactionOffsets`: the group becomes part of the transaction, and then keeps the offsets until
 * that ends. In this order: what a group keeps for a transaction that has ended it is never told of.
 */
export function commitTransactionOffsetsMethod(clock: Clock, shards: ShardCalls): RegisteredMethod {
  return unary(transactionService.commitTransactionOffsets, (request, context) => commitOffsets({ clock, shards }, request, context));
}

async function commitOffsets(
  { clock, shards }: { readonly clock: Clock; readonly shards: ShardCalls },
  request: CommitTransactionOffsetsRequest,
  context: RequestContext,
): Promise<CommitTransactionOffsetsResponse> {
  const { transactionalId, session, groupId, offsets } = request;
  assertTransactionalId(transactionalId);
  parseGroupId(groupId);
  assertCount('offsets', offsets.length, OFFSETS_MAX);
  const value = { transactionalId, session, partitions: [], groups: [groupId] };
  await shards.callNamed(transactionalId, { $case: 'addToTransaction', value }, shardCallOptions(clock, context));
  return shards.callNamed(groupId, { $case: 'stageOffsets', value: request }, shardCallOptions(clock, context));
}
