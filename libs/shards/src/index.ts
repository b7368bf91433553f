export type { ShardAppend, ShardAppended, ShardLog } from './shard-log.ts';
export type { ShardHandle, ShardMachine, ShardOutcome, ShardRunOptions } from './shard-machine.ts';
export type { ShardOwner } from './shard-owner.ts';
