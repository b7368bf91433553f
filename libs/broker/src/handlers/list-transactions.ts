import type { Clock } from '@moldau/kernel';
import { adminService, type ListTransactionsRequest, type ListTransactionsResponse, type TransactionListing } from '@moldau/protocol';
import type { ShardCallOptions, ShardCalls } from '@moldau/shards';
import { invalidField } from '../produce/produce-terms.ts';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';
import { shardCallOptions } from '../shards/shard-call-options.ts';

/** Ids of a page unless the request says otherwise, and at most. */
const PAGE_SIZE_DEFAULT = 1_000;
const PAGE_SIZE_MAX = 10_000;
/** Ids that are asked of a shard at once: 300 KB at most. */
const SHARD_PAGE_SIZE = 1_000;

interface Listing {
  readonly shards: ShardCalls;
  readonly request: ListTransactionsRequest;
  readonly options: ShardCallOptions;
  readonly pageSize: number;
}

/** `AdminService.ListTransactions`: from all shards; the token of a page is the last name of the page before. */
export function listTransactionsMethod(clock: Clock, shards: ShardCalls): RegisteredMethod {
  return unary(adminService.listTransactions, async (request, context) => {
    const pageSize = request.pageSize ?? PAGE_SIZE_DEFAULT;
    if (pageSize < 1 || pageSize > PAGE_SIZE_MAX) throw invalidField('page_size', pageSize, `1 … ${PAGE_SIZE_MAX}`);
    return listTransactions({ shards, request, options: shardCallOptions(clock, context), pageSize });
  });
}

async function listTransactions(listing: Listing): Promise<ListTransactionsResponse> {
  const { shards, pageSize } = listing;
  if (!shards.exist('transactions')) return { transactions: [], nextPageToken: '' };
  const all = await Promise.all(Array.from({ length: shards.shards() }, (_, shard) => ofShard(listing, shard)));
  const found = all.flat().sort((one, other) => (one.transactionalId < other.transactionalId ? -1 : 1));
  const transactions = found.slice(0, pageSize);
  const nextPageToken = found.length > pageSize ? (transactions.at(-1)?.transactionalId ?? '') : '';
  return { transactions, nextPageToken };
}

/** The first of a shard after the token: one more than a page, so that it shows whether there is another. */
async function ofShard({ shards, request, options, pageSize }: Listing, shard: number): Promise<TransactionListing[]> {
  const found: TransactionListing[] = [];
  for (let after = request.pageToken; ; ) {
    const limit = Math.min(SHARD_PAGE_SIZE, pageSize + 1 - found.length);
    const value = { after, limit, transactionStates: request.states, runningForMs: request.runningForMs, partitions: [] };
    const { transactions } = await shards.callShard(shard, { $case: 'listTransactions', value }, options);
    found.push(...transactions);
    after = transactions.at(-1)?.transactionalId ?? '';
    if (transactions.length < limit || found.length > pageSize) return found;
  }
}
