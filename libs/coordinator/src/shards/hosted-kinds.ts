import { groupShards } from '../groups/group-shards.ts';
import { createTransactionShards } from '../transactions/transaction-shards.ts';
import { type ShardKindFactory, shardKind } from './shard-host.ts';

/** The kinds of shards that every coordinator hosts. */
export const HOSTED_KINDS: readonly ShardKindFactory[] = [shardKind(groupShards), shardKind(createTransactionShards)];
