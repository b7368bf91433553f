import type { Namespace } from '@moldau/kernel';
import type { ListShard, ShardTransactions } from '@moldau/protocol';
import type { TransactionEntry, TransactionShard } from '@moldau/transactions';
import { listingOf, startedMs, stateCode } from './describe-transaction.ts';
import { partitionsOf } from './session-of.ts';

/** Entries of one page: 300 KB at most. */
const PAGE_MAX = 1_000;

/** A page of the ids of a namespace by name; with a producer id, what that has under way in any. Looks at all entries. */
export function listTransactions(shard: TransactionShard, request: ListShard, namespace: Namespace, nowMs: number): ShardTransactions {
  const { after } = request;
  const isListed = filterOf(request, namespace, nowMs);
  const limit = Math.min(Math.max(request.limit, 1), PAGE_MAX);
  const listed: TransactionEntry[] = [];
  for (const entry of shard.entries()) if (entry.name.transactionalId > after && isListed(entry)) listed.push(entry);
  listed.sort(byName);
  return { transactions: listed.slice(0, limit).map(listingOf) };
}

function filterOf(request: ListShard, namespace: Namespace, nowMs: number): (entry: TransactionEntry) => boolean {
  const { runningForMs, producerId } = request;
  const states = new Set(request.transactionStates);
  const places = new Set(partitionsOf(request.partitions).map(({ topicId, partition }) => `${topicId}/${partition}`));
  return (entry) => {
    if (producerId !== undefined && producerUnderWay(entry) !== producerId) return false;
    if (producerId === undefined && entry.name.namespace !== namespace) return false;
    if (states.size > 0 && !states.has(stateCode(entry))) return false;
    if (runningForMs !== undefined && nowMs - (startedMs(entry) ?? nowMs + 1) < runningForMs) return false;
    return places.size === 0 || participates(entry, places);
  };
}

/** The producer whose transaction is under way: after a decision its next session may have another id. */
function producerUnderWay({ session, state }: TransactionEntry): number | undefined {
  switch (state.kind) {
    case 'ongoing':
      return session.producerId;
    case 'prepareCommit':
    case 'prepareAbort':
      return state.former.producerId;
    case 'empty':
    case 'completeCommit':
    case 'completeAbort':
    case 'dead':
      return undefined;
  }
}

function participates({ state }: TransactionEntry, places: ReadonlySet<string>): boolean {
  const { partitions } = 'participants' in state ? state.participants : { partitions: [] };
  return partitions.some(({ topicId, partition }) => places.has(`${topicId}/${partition}`));
}

/** By code units, as the edge merges shards. */
function byName(one: TransactionEntry, other: TransactionEntry): number {
  if (one.name.transactionalId === other.name.transactionalId) return 0;
  return one.name.transactionalId < other.name.transactionalId ? -1 : 1;
}
