import { type CallHandler, type MethodPath, MoldauError } from '@moldau/kernel';
import { adminService, errorToItem, type TransactionListing, TransactionState, unaryHandler } from '@moldau/protocol';
import type { FakeCluster } from './fake-cluster.ts';

const PAGE = 2;

/** The part of AdminService that is about transactions, by what the fake coordinator knows; each partition has one open. */
export function fakeTransactionAdminHandlers(cluster: FakeCluster): [MethodPath, CallHandler][] {
  const { listTransactions: list, describeTransactions: describe, abortTransaction: abort, describeProducers: producers } = adminService;
  const listing = (transactionalId: string): TransactionListing => ({
    transactionalId,
    state: cluster.transactions.stateOf(transactionalId) === 'ongoing' ? TransactionState.ONGOING : TransactionState.COMPLETE_COMMIT,
    session: { producerId: 7, producerEpoch: 3 },
    startedAtMs: 1_000,
  });
  const unknown = (id: string): MoldauError => new MoldauError('UNKNOWN_TRANSACTIONAL_ID', `no '${id}'`, { transactional_id: id });
  return [
    [
      list.path,
      unaryHandler(list, async ({ pageToken, states }) => {
        const all = cluster.transactions.ids.map(listing).filter(({ state }) => states.length === 0 || states.includes(state));
        const from = Number(pageToken);
        return { transactions: all.slice(from, from + PAGE), nextPageToken: from + PAGE < all.length ? String(from + PAGE) : '' };
      }),
    ],
    [
      describe.path,
      unaryHandler(describe, async ({ transactionalIds }) => ({
        results: transactionalIds.map((transactionalId) => {
          if (!cluster.transactions.ids.includes(transactionalId)) return { transactionalId, error: errorToItem(unknown(transactionalId)) };
          const partitions = [{ topicId: 'gone', topicName: '', partitions: [4] }];
          const rest = { timeoutMs: 60_000, updatedAtMs: 2_000, partitions, groups: ['g'], shard: 5, coordinatorId: 'c1' };
          return { transactionalId, transaction: { listing: listing(transactionalId), ...rest } };
        }),
      })),
    ],
    [
      abort.path,
      unaryHandler(abort, async ({ transactionalId, dryRun }) => {
        if (!cluster.transactions.ids.includes(transactionalId)) throw unknown(transactionalId);
        if (!dryRun) cluster.transactions.timeOut(transactionalId);
        return {};
      }),
    ],
    hangingHandler(),
    [
      producers.path,
      unaryHandler(producers, async ({ partitions }) => ({
        results: partitions.map(({ partition, topic }) => ({
          partition: { topic: '', topicId: topic?.selector?.value ?? '', partition },
          producers: [{ producerId: 7, producerEpoch: 3, lastSequence: 9, lastTimestampMs: 5, transactionStartOffset: partition * 10 }],
        })),
      })),
    ],
  ];
}

/** Partition 1's is under way, the others' hang. */
function hangingHandler(): [MethodPath, CallHandler] {
  const hanging = adminService.abortHangingTransaction;
  const ended = new Set<number>();
  return [
    hanging.path,
    unaryHandler(hanging, async ({ partition, startOffset, dryRun }) => {
      const index = partition?.partition ?? 0;
      if (index === 1 || startOffset !== index * 10 || ended.has(index))
        throw new MoldauError('INVALID_TRANSACTION_STATE', 'under way, or not open', { value: String(startOffset) });
      if (!dryRun) ended.add(index);
      return { producerId: 7, producerEpoch: 3 };
    }),
  ];
}
