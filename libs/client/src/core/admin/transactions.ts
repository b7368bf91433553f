import { type MoldauError, offset } from '@moldau/kernel';
import {
  type AssignedPartitions,
  adminService,
  itemToError,
  type PartitionProducers,
  type PartitionSelector,
  type TransactionResult,
  TransactionState,
  type TransactionListing as WireListing,
} from '@moldau/protocol';
import type { Cluster } from '../cluster/cluster.ts';
import type { AdminCallOptions, DryRunOptions } from './admin-types.ts';
import { askLeaders } from './ask-leaders.ts';
import type { PartitionName } from './placement-types.ts';
import type {
  DescribedProducers,
  DescribedTransaction,
  ListTransactionsOptions,
  TransactionListing,
  TransactionStanding,
} from './transaction-types.ts';

const WIRE_STATES: Readonly<Record<Exclude<TransactionStanding, 'unknown'>, TransactionState>> = {
  empty: TransactionState.EMPTY,
  ongoing: TransactionState.ONGOING,
  'prepare-commit': TransactionState.PREPARE_COMMIT,
  'prepare-abort': TransactionState.PREPARE_ABORT,
  'complete-commit': TransactionState.COMPLETE_COMMIT,
  'complete-abort': TransactionState.COMPLETE_ABORT,
};
const STANDINGS = new Map(Object.entries(WIRE_STATES).map(([name, wire]) => [wire, name as TransactionStanding]));
const NO_PRODUCER = -1;
/** The protocol's limits on one request. */
const IDS_PER_REQUEST = 100;
const PARTITIONS_PER_REQUEST = 1_000;

/** The transactional ids of the namespace by name, page after page. */
export async function* listTransactions(
  cluster: Cluster,
  options: ListTransactionsOptions,
): AsyncGenerator<TransactionListing, void, undefined> {
  const { states = [], runningForMs, pageSize } = options;
  let pageToken = '';
  do {
    const request = { states: states.map((state) => WIRE_STATES[state]), runningForMs, pageSize, pageToken };
    const page = await cluster.callAny(adminService.listTransactions, request, limitsOf(options));
    for (const listing of page.transactions) yield transactionListing(listing);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
}

/** One answer for each id, in their order. */
export async function describeTransactions(
  cluster: Cluster,
  transactionalIds: readonly string[],
  options: AdminCallOptions,
): Promise<readonly DescribedTransaction[]> {
  const described: DescribedTransaction[] = [];
  for (let from = 0; from < transactionalIds.length; from += IDS_PER_REQUEST) {
    const request = { transactionalIds: transactionalIds.slice(from, from + IDS_PER_REQUEST) };
    const { results } = await cluster.callAny(adminService.describeTransactions, request, limitsOf(options));
    described.push(...results.map(describedTransaction));
  }
  return described;
}

/** Aborts what the id has under way. Doing it twice is refused the second time, so an answer that is lost is not asked for again. */
export async function abortTransaction(cluster: Cluster, transactionalId: string, options: DryRunOptions): Promise<void> {
  const request = { transactionalId, dryRun: options.dryRun ?? false };
  await cluster.callAny(adminService.abortTransaction, request, { ...limitsOf(options), repeatable: false });
}

/** Asks each partition's leader for the producers that it remembers. */
export function describeProducers(
  cluster: Cluster,
  partitions: readonly PartitionName[],
  options: AdminCallOptions,
): Promise<readonly DescribedProducers[]> {
  return askLeaders<PartitionName, PartitionSelector, DescribedProducers>(cluster, partitions, options, {
    item: ({ partition }, topicId) => ({ topic: { selector: { $case: 'topicId', value: topicId } }, partition }),
    async call(leaderId, items, limits) {
      const answers: ((target: PartitionName) => DescribedProducers)[] = [];
      for (let from = 0; from < items.length; from += PARTITIONS_PER_REQUEST) {
        const request = { partitions: items.slice(from, from + PARTITIONS_PER_REQUEST) };
        const { results } = await cluster.callBroker(leaderId, adminService.describeProducers, request, limits);
        answers.push(...results.map((result) => (target: PartitionName) => describedProducers(target, result)));
      }
      return answers;
    },
    failed: ({ topic, partition }, error) => ({ topic, partition, producers: [], error }),
  });
}

function limitsOf({ timeoutMs, signal }: AdminCallOptions) {
  return { ...(timeoutMs === undefined ? {} : { timeoutMs }), signal, repeatable: true };
}

function transactionListing({ transactionalId, state, session, startedAtMs }: WireListing): TransactionListing {
  return {
    transactionalId,
    state: STANDINGS.get(state) ?? 'unknown',
    producerId: session?.producerId ?? NO_PRODUCER,
    producerEpoch: session?.producerEpoch ?? NO_PRODUCER,
    startedAtMs,
  };
}

function describedTransaction({ transactionalId, transaction, error }: TransactionResult): DescribedTransaction {
  if (transaction?.listing === undefined) return { transactionalId, transaction: undefined, error: toError(error) };
  const { listing, timeoutMs, updatedAtMs, partitions, groups, shard, coordinatorId } = transaction;
  const described = { timeoutMs, updatedAtMs, partitions: namesOf(partitions), groups, shard, coordinatorId };
  return { transactionalId, transaction: { ...transactionListing(listing), ...described }, error: undefined };
}

/** A topic that is deleted goes by its id. */
function namesOf(assigned: readonly AssignedPartitions[]): PartitionName[] {
  return assigned.flatMap(({ topicId, topicName, partitions }) =>
    partitions.map((partition) => ({ topic: topicName === '' ? topicId : topicName, partition })),
  );
}

function describedProducers({ topic, partition }: PartitionName, result: PartitionProducers): DescribedProducers {
  const producers = result.producers.map(({ producerId, producerEpoch, lastSequence, lastTimestampMs, transactionStartOffset: open }) => ({
    producerId,
    producerEpoch,
    lastSequence,
    lastTimestampMs,
    transactionStartOffset: open === undefined ? undefined : offset(open),
  }));
  return { topic, partition, producers, error: toError(result.partition?.error) };
}

function toError(error: Parameters<typeof itemToError>[0] | undefined): MoldauError | undefined {
  return error === undefined ? undefined : itemToError(error);
}
