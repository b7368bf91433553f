import type { TopicId } from '@moldau/kernel';
import { type AssignedPartitions, type TransactionDescription, type TransactionListing, TransactionState } from '@moldau/protocol';
import type { TransactionEntry } from '@moldau/transactions';

type Live = Exclude<TransactionEntry['state']['kind'], 'dead'>;

const CODES: Readonly<Record<Live, TransactionState>> = {
  empty: TransactionState.EMPTY,
  ongoing: TransactionState.ONGOING,
  prepareCommit: TransactionState.PREPARE_COMMIT,
  prepareAbort: TransactionState.PREPARE_ABORT,
  completeCommit: TransactionState.COMPLETE_COMMIT,
  completeAbort: TransactionState.COMPLETE_ABORT,
};

export function stateCode({ state }: TransactionEntry): TransactionState {
  return state.kind === 'dead' ? TransactionState.UNSPECIFIED : CODES[state.kind];
}

/** When the transaction began that is under way, decided or not; undefined when none is. */
export function startedMs({ state }: TransactionEntry): number | undefined {
  return 'startedMs' in state ? state.startedMs : undefined;
}

export function listingOf(entry: TransactionEntry): TransactionListing {
  const { name, session } = entry;
  const { producerId, producerEpoch } = session;
  return {
    transactionalId: name.transactionalId,
    state: stateCode(entry),
    session: { producerId, producerEpoch },
    startedAtMs: startedMs(entry),
  };
}

/** Where an entry is kept, and how its topics are called. */
export interface DescribedPlace {
  readonly shard: number;
  readonly coordinatorId: string;
  /** Empty for a topic that is gone. */
  readonly topicName: (topicId: TopicId) => string;
}

export function descriptionOf(entry: TransactionEntry, { shard, coordinatorId, topicName }: DescribedPlace): TransactionDescription {
  const { state } = entry;
  const topics: AssignedPartitions[] = [];
  for (const { topicId, partition } of 'participants' in state ? state.participants.partitions : []) {
    const last = topics.at(-1);
    if (last?.topicId === topicId) last.partitions.push(partition);
    else topics.push({ topicId, topicName: topicName(topicId), partitions: [partition] });
  }
  return {
    listing: listingOf(entry),
    timeoutMs: entry.timeoutMs,
    updatedAtMs: entry.updatedMs,
    partitions: topics,
    groups: 'participants' in state ? [...state.participants.groups] : [],
    shard,
    coordinatorId,
  };
}
