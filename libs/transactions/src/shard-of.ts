import { partitionForKey } from '@moldau/records';
import { nameKey, type TransactionName } from './transaction-entry.ts';

/** The shard that keeps a transactional id: the partition of `__transactions`, whose number of partitions never changes. */
export function shardOfTransaction(name: TransactionName, shards: number): number {
  return partitionForKey(new TextEncoder().encode(nameKey(name)), shards);
}
