import {
  isUuid,
  MoldauError,
  type Namespace,
  type PartitionIndex,
  type ProducerEpoch,
  type ProducerId,
  type TopicId,
} from '@moldau/kernel';
import type { TopicIdPartitions, TransactionSession } from '@moldau/protocol';
import { type ProducerSession, SESSION_EPOCH_MAX, type TopicPartition, type TransactionName } from '@moldau/transactions';

const INT32_MAX = 0x7fff_ffff;

/** @throws MoldauError INVALID_REQUEST when it is missing, or out of range */
export function sessionOf(session: TransactionSession | undefined): ProducerSession {
  if (session === undefined) throw new MoldauError('INVALID_REQUEST', 'a session is required', { field: 'session' });
  const { producerId, producerEpoch } = session;
  const isLegal = Number.isSafeInteger(producerId) && producerId >= 0 && producerEpoch >= 0 && producerEpoch <= SESSION_EPOCH_MAX;
  if (!isLegal) {
    const facts = { field: 'session', value: `${producerId}, epoch ${producerEpoch}`, limit: `epoch 0 to ${SESSION_EPOCH_MAX}` };
    throw new MoldauError('INVALID_REQUEST', `no session has producer ${producerId} and epoch ${producerEpoch}`, facts);
  }
  return { producerId: producerId as ProducerId, producerEpoch: producerEpoch as ProducerEpoch };
}

/** @throws MoldauError INVALID_TRANSACTIONAL_ID when it is empty: its characters were checked at the edge */
export function nameOf(namespace: Namespace, transactionalId: string): TransactionName {
  if (transactionalId !== '') return { namespace, transactionalId };
  throw new MoldauError('INVALID_TRANSACTIONAL_ID', 'a transactional id is required', { transactional_id: '', limit: '1–249 characters' });
}

/** @throws MoldauError INVALID_REQUEST for what is no id of a topic or no index */
export function partitionsOf(topics: readonly TopicIdPartitions[]): TopicPartition[] {
  return topics.flatMap(({ topicId, partitions }) => partitions.map((partition) => partitionOf(topicId, partition)));
}

function partitionOf(topicId: string, partition: number): TopicPartition {
  if (isUuid(topicId) && partition >= 0 && partition <= INT32_MAX) {
    return { topicId: topicId as TopicId, partition: partition as PartitionIndex };
  }
  throw new MoldauError('INVALID_REQUEST', `no partition is '${topicId}' ${partition}`, {
    field: 'partitions',
    value: `${topicId} ${partition}`,
  });
}
