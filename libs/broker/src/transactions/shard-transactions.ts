import type { AddToTransaction } from '@moldau/protocol';
import type { ShardCalls } from '@moldau/shards';
import type { RequestContext } from '../request/request-context.ts';
import { callOrigin } from '../shards/call-origin.ts';
import type { PartitionTransaction, TransactionCoordinator } from './transaction-coordinator.ts';

/** How long the question of an operator's command may take. */
const LOOK_UP_TIMEOUT_MS = 10_000;

/** The coordinators of transactions: the owners of the shards. */
export class ShardTransactions implements TransactionCoordinator {
  readonly #shards: ShardCalls;

  constructor(shards: ShardCalls) {
    this.#shards = shards;
  }

  async addToTransaction(value: AddToTransaction, context: RequestContext, timeoutMs: number): Promise<void> {
    const options = { origin: callOrigin(context), timeoutMs };
    await this.#shards.callNamed(value.transactionalId, { $case: 'addToTransaction', value }, options);
  }

  async underWay({ producerId, topicId, partition }: PartitionTransaction, context: RequestContext): Promise<string | undefined> {
    const partitions = [{ topicId, partitions: [partition] }];
    const value = { after: '', limit: 1, transactionStates: [], producerId, partitions };
    const options = { origin: callOrigin(context), timeoutMs: LOOK_UP_TIMEOUT_MS };
    // All of them, one at least: that none has it must never be said because the metadata is not known.
    const shards = Array.from({ length: Math.max(1, this.#shards.shards()) }, (_, shard) => shard);
    const answers = await Promise.all(shards.map((shard) => this.#shards.callShard(shard, { $case: 'listTransactions', value }, options)));
    return answers.flatMap(({ transactions }) => transactions)[0]?.transactionalId;
  }
}
