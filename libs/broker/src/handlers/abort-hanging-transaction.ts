import { type Clock, MoldauError } from '@moldau/kernel';
import {
  type AbortHangingTransactionRequest,
  type AbortHangingTransactionResponse,
  adminService,
  type PartitionSelector,
} from '@moldau/protocol';
import type { ProducerSummary } from '@moldau/storage';
import type { Partition } from '../partition/partition.ts';
import { PendingBatch } from '../partition/pending-batch.ts';
import type { SelectedPartitions } from '../partition/selected-partitions.ts';
import { invalidField, PRODUCE_TIMEOUT_MS_DEFAULT } from '../produce/produce-terms.ts';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';
import type { RequestContext } from '../request/request-context.ts';
import type { TransactionCoordinator } from '../transactions/transaction-coordinator.ts';

export interface AbortHangingDeps {
  readonly clock: Clock;
  readonly selected: SelectedPartitions;
  readonly transactions: TransactionCoordinator;
}

/**
 * `AdminService.AbortHangingTransaction` (KIP-664): ends a transaction of one partition that its coordinator has forgotten, by a marker
 * of the next epoch, as its coordinator would have. Producer ids are used once, so what no coordinator has under way none will end.
 */
export function abortHangingTransactionMethod(deps: AbortHangingDeps): RegisteredMethod {
  return unary(adminService.abortHangingTransaction, async (request, context) => {
    try {
      return await abortHanging(deps, request, context);
    } catch (caught) {
      throw deps.selected.locator.withLeaderAddress(MoldauError.from(caught), context);
    }
  });
}

async function abortHanging(
  { clock, selected, transactions }: AbortHangingDeps,
  { partition: asked, startOffset, dryRun }: AbortHangingTransactionRequest,
  context: RequestContext,
): Promise<AbortHangingTransactionResponse> {
  if (asked === undefined) throw new MoldauError('INVALID_REQUEST', 'the request names no partition', { field: 'partition' });
  if (!Number.isSafeInteger(startOffset) || startOffset < 0) throw invalidField('start_offset', startOffset, '≥ 0');
  const { partition, open } = openAt(selected, asked, startOffset, context);
  const { producerId, producerEpoch } = open;
  const { topicId, index } = partition;
  const holder = await transactions.underWay({ producerId, topicId, partition: index }, context);
  if (holder !== undefined) {
    const facts = { transactional_id: holder, producer_id: String(producerId), value: String(startOffset) };
    throw new MoldauError('INVALID_TRANSACTION_STATE', `transactional id '${holder}' has it under way: abort it by that`, facts);
  }
  if (dryRun) return { producerId, producerEpoch };
  // As it is now: its marker, or another leader, may have come meanwhile.
  const found = openAt(selected, asked, startOffset, context);
  if (found.open.producerId !== producerId || found.open.producerEpoch !== producerEpoch) throw notOpen(partition, startOffset);
  await abort(found.partition, found.open, clock.monotonicMs(), context);
  return { producerId, producerEpoch };
}

function openAt(selected: SelectedPartitions, asked: PartitionSelector, startOffset: number, context: RequestContext) {
  const partition = selected.find(asked, context);
  const { log } = partition.leading(undefined);
  const open = log.producers(Number.POSITIVE_INFINITY).find(({ openFromOffset }) => openFromOffset === startOffset);
  if (open === undefined) throw notOpen(partition, startOffset);
  return { partition, open };
}

/** Resolves when the marker is committed. */
function abort(partition: Partition, open: ProducerSummary, nowMs: number, { deadlineMs }: RequestContext): Promise<void> {
  const { producerId, producerEpoch, coordinatorEpoch } = open;
  // No owner of the shard is fenced by it.
  const claim = {
    producerId,
    producerEpoch: producerEpoch + 1,
    outcome: 'abort',
    coordinatorEpoch: Math.max(0, coordinatorEpoch),
  } as const;
  return new Promise((resolve, reject) => {
    const sink = { completed: ({ error }: PendingBatch): void => (error === undefined ? resolve() : reject(error)) };
    partition.appendMarker(new PendingBatch(sink, 0, 0, 'all', nowMs, deadlineMs ?? nowMs + PRODUCE_TIMEOUT_MS_DEFAULT), claim);
  });
}

function notOpen({ topicId, index }: Partition, startOffset: number): MoldauError {
  const facts = { topic_id: topicId, partition: String(index), value: String(startOffset) };
  return new MoldauError('INVALID_TRANSACTION_STATE', `no transaction is open in the partition from offset ${startOffset} on`, facts);
}
