import {
  assert,
  type EncodedRecord,
  MoldauError,
  type Namespace,
  partitionIndex,
  present,
  producerEpoch,
  producerId,
  topicId,
} from '@moldau/kernel';
import {
  TransactionEndCause,
  type TransactionProducer,
  TransactionRecordKey,
  TransactionRecordState,
  type TransactionTopic,
  TransactionValue,
} from '@moldau/protocol';
import type { Participants, TopicPartition } from './participants.ts';
import type { ProducerSession } from './producer-session.ts';
import type { EndCause, TransactionEntry, TransactionName, TransactionState } from './transaction-entry.ts';

/** One change of a shard: what an entry is now, or that it is gone. */
export type TransactionRecord =
  | { readonly kind: 'entry'; readonly entry: TransactionEntry }
  | { readonly kind: 'tombstone'; readonly name: TransactionName };

type LiveState = Exclude<TransactionState, { readonly kind: 'dead' }>;

const STATE_CODES = {
  empty: TransactionRecordState.EMPTY,
  ongoing: TransactionRecordState.ONGOING,
  prepareCommit: TransactionRecordState.PREPARE_COMMIT,
  prepareAbort: TransactionRecordState.PREPARE_ABORT,
  completeCommit: TransactionRecordState.COMPLETE_COMMIT,
  completeAbort: TransactionRecordState.COMPLETE_ABORT,
} as const;

const CAUSE_CODES = {
  producer: TransactionEndCause.PRODUCER,
  timeout: TransactionEndCause.TIMEOUT,
  successor: TransactionEndCause.SUCCESSOR,
  operator: TransactionEndCause.OPERATOR,
} as const;

/** As protobuf (internal/v1/transactions.proto). */
export function encodeTransactionRecord(record: TransactionRecord): EncodedRecord {
  const { namespace, transactionalId } = record.kind === 'entry' ? record.entry.name : record.name;
  const key = TransactionRecordKey.encode({
    subject: { $case: 'transaction', value: { namespace, transactionalId } },
  }).finish();
  return { key, value: record.kind === 'entry' ? encodeEntry(record.entry) : undefined };
}

/** @throws MoldauError UNSUPPORTED_FORMAT for a kind of record or a state that a newer version wrote */
export function decodeTransactionRecord({ key, value }: EncodedRecord): TransactionRecord {
  const { subject } = TransactionRecordKey.decode(key);
  if (subject?.$case !== 'transaction') throw newerRecord('its key', [...key.subarray(0, 1)].join());
  const name: TransactionName = {
    namespace: subject.value.namespace as Namespace,
    transactionalId: subject.value.transactionalId,
  };
  if (value === undefined) return { kind: 'tombstone', name };
  return { kind: 'entry', entry: decodeEntry(name, TransactionValue.decode(value)) };
}

function encodeEntry({ session, timeoutMs, updatedMs, state }: TransactionEntry): Uint8Array {
  assert(state.kind !== 'dead', 'what is gone has no value');
  const participants = 'participants' in state ? state.participants : undefined;
  return TransactionValue.encode({
    state: STATE_CODES[state.kind],
    session,
    former: 'former' in state ? state.former : undefined,
    cause: 'cause' in state ? CAUSE_CODES[state.cause] : TransactionEndCause.UNSPECIFIED,
    timeoutMs,
    startedMs: 'startedMs' in state ? state.startedMs : 0,
    updatedMs,
    topics: participants === undefined ? [] : topicsOf(participants.partitions),
    groups: [...(participants?.groups ?? [])],
  }).finish();
}

function topicsOf(partitions: readonly TopicPartition[]): TransactionTopic[] {
  const topics: { topicId: string; partitions: number[] }[] = [];
  for (const { topicId: id, partition } of partitions) {
    const last = topics.at(-1);
    if (last?.topicId === id) last.partitions.push(partition);
    else topics.push({ topicId: id, partitions: [partition] });
  }
  return topics;
}

function decodeEntry(name: TransactionName, value: TransactionValue): TransactionEntry {
  const session = sessionOf(present(value.session, 'an entry has a session'));
  return { name, session, timeoutMs: value.timeoutMs, updatedMs: value.updatedMs, state: decodeState(value) };
}

function decodeState(value: TransactionValue): LiveState {
  const former = value.former === undefined ? undefined : sessionOf(value.former);
  switch (value.state) {
    case TransactionRecordState.EMPTY:
      return { kind: 'empty', former };
    case TransactionRecordState.ONGOING:
      return { kind: 'ongoing', startedMs: value.startedMs, participants: participantsOf(value) };
    case TransactionRecordState.PREPARE_COMMIT:
      return { kind: 'prepareCommit', startedMs: value.startedMs, participants: participantsOf(value), ...endOf(value) };
    case TransactionRecordState.PREPARE_ABORT:
      return { kind: 'prepareAbort', startedMs: value.startedMs, participants: participantsOf(value), ...endOf(value) };
    case TransactionRecordState.COMPLETE_COMMIT:
      return { kind: 'completeCommit', ...endOf(value) };
    case TransactionRecordState.COMPLETE_ABORT:
      return { kind: 'completeAbort', ...endOf(value) };
    default:
      throw newerRecord('its state', String(value.state));
  }
}

function endOf({ former, cause }: TransactionValue): { readonly former: ProducerSession; readonly cause: EndCause } {
  return { former: sessionOf(present(former, 'a transaction that ended was written in a session')), cause: decodeCause(cause) };
}

function decodeCause(code: TransactionEndCause): EndCause {
  switch (code) {
    case TransactionEndCause.PRODUCER:
      return 'producer';
    case TransactionEndCause.TIMEOUT:
      return 'timeout';
    case TransactionEndCause.SUCCESSOR:
      return 'successor';
    case TransactionEndCause.OPERATOR:
      return 'operator';
    default:
      throw newerRecord('its cause', String(code));
  }
}

function sessionOf(producer: TransactionProducer): ProducerSession {
  return { producerId: producerId(producer.producerId), producerEpoch: producerEpoch(producer.producerEpoch) };
}

function participantsOf({ topics, groups }: TransactionValue): Participants {
  const partitions = topics.flatMap(({ topicId: id, partitions: indexes }) =>
    indexes.map((index) => ({ topicId: topicId(id), partition: partitionIndex(index) })),
  );
  return { partitions, groups };
}

function newerRecord(what: string, value: string): MoldauError {
  return new MoldauError('UNSUPPORTED_FORMAT', `a record of __transactions was written by a newer version: ${what} is ${value}`, {
    thing: what,
    value,
  });
}
