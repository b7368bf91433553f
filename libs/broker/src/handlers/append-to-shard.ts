import { type Clock, MoldauError } from '@moldau/kernel';
import { type AppendToShardRequest, type AppendToShardResponse, partitionService } from '@moldau/protocol';
import type { ByteBudget } from '../limits/byte-budget.ts';
import type { ClusterState } from '../metadata/cluster-state.ts';
import { findShard } from '../partition/find-shard.ts';
import type { PartitionLocator } from '../partition/partition-locator.ts';
import { type BatchSink, PendingBatch } from '../partition/pending-batch.ts';
import { invalidField, PRODUCE_TIMEOUT_MS_DEFAULT } from '../produce/produce-terms.ts';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';
import type { RequestContext } from '../request/request-context.ts';

export interface AppendToShardDeps {
  readonly clock: Clock;
  readonly cluster: ClusterState;
  readonly locator: PartitionLocator;
  readonly budget: ByteBudget;
}

/**
 * `PartitionService.AppendToShard`: compares epoch and end and appends in one step, and answers when the batch is committed. Its
 * bytes count against the produce budget until then. What it throws before the append is definite.
 */
export function appendToShardMethod(deps: AppendToShardDeps): RegisteredMethod {
  return unary(partitionService.appendToShard, (request, context) => appendToShard(deps, request, context));
}

/** Appends for one shard; see `appendToShardMethod`. Throws, or rejects, with what is the answer. */
export function appendToShard(
  deps: AppendToShardDeps,
  request: AppendToShardRequest,
  context: RequestContext,
): Promise<AppendToShardResponse> {
  const { shardEpoch, expectedEndOffset, recordBatch, leaderEpoch } = request;
  if (shardEpoch < 0) throw invalidField('shard_epoch', shardEpoch, '≥ 0');
  if (expectedEndOffset === undefined && recordBatch.length > 0)
    throw invalidField('record_batch', `${recordBatch.length} bytes`, 'empty in a claim');
  const { clock, cluster, locator, budget } = deps;
  const partition = findShard(request, cluster, locator);
  const arrivedMs = clock.monotonicMs();
  const deadlineMs = context.deadlineMs ?? arrivedMs + PRODUCE_TIMEOUT_MS_DEFAULT;
  const sizeBytes = recordBatch.length;
  budget.take(sizeBytes);
  return new Promise((resolve, reject) => {
    const sink: BatchSink = {
      completed({ error, baseOffset, endOffset }) {
        budget.give(sizeBytes);
        if (error === undefined) resolve({ baseOffset, endOffset });
        else reject(locator.withLeaderAddress(error, context));
      },
    };
    const pending = new PendingBatch(sink, 0, sizeBytes, 'all', arrivedMs, deadlineMs);
    try {
      partition.appendToShard(pending, { shardEpoch, expectedEndOffset, batch: recordBatch }, leaderEpoch);
    } catch (caught) {
      pending.fail(MoldauError.from(caught));
    }
  });
}
