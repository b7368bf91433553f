import { assertTransactionalId, type Compute, MoldauError } from '@moldau/kernel';
import {
  baseTimestampAt,
  compressionAt,
  isTransactionalAt,
  maxTimestampAt,
  NO_PRODUCER_ID,
  producerIdAt,
  type RecordBatchReader,
  readBatch,
  readBatchWith,
  validateBatch,
} from '@moldau/records';
import { FIRST_KEYED_PRODUCER_ID } from '@moldau/storage';
import type { Partition } from './partition.ts';
import type { AcksMode, PendingBatch } from './pending-batch.ts';
import type { TopicSettings } from './topic-settings.ts';

/**
 * Checks the one batch of a client that `bytes` must be, by its header alone.
 *
 * @throws MoldauError CORRUPT_BATCH, RECORD_TOO_LARGE, UNSUPPORTED_COMPRESSION, INVALID_ACKS, INVALID_TIMESTAMP,
 *   INVALID_REQUEST, INVALID_TRANSACTIONAL_ID, with the thing, the value and the limit
 */
export function assertAppendable(
  bytes: Uint8Array,
  { acks, transaction }: Pick<PendingBatch, 'acks' | 'transaction'>,
  settings: TopicSettings,
  wallMs: number,
): void {
  const size = validateBatch(bytes, 0, { origin: 'client', maxBytes: settings.maxMessageBytes });
  if (size !== bytes.length) {
    const facts = { field: 'record_batch', value: String(bytes.length), limit: String(size) };
    throw new MoldauError('CORRUPT_BATCH', `record_batch holds ${bytes.length} bytes, its one batch is ${size} long`, facts);
  }
  if (acks !== 'all' && producerIdAt(bytes, 0) !== NO_PRODUCER_ID) throw invalidAcks(acks);
  if (isTransactionalAt(bytes, 0) || transaction !== undefined) assertTransaction(bytes, transaction?.transactionalId);
  if (settings.timestampType === 'CreateTime') assertTimestamps(bytes, settings, wallMs);
}

function invalidAcks(acks: AcksMode): MoldauError {
  return new MoldauError('INVALID_ACKS', `an idempotent batch was sent with acks=${acks}; it needs all`, { value: acks, limit: 'all' });
}

/** A transactional batch has a producer's session, and the request names its transactional id: for no other batch. */
function assertTransaction(bytes: Uint8Array, transactionalId: string | undefined): void {
  const transactional = isTransactionalAt(bytes, 0);
  if (transactional !== (transactionalId !== undefined)) {
    const value = transactionalId === undefined ? 'unset' : 'set';
    const limit = transactional ? 'set for a transactional batch' : 'unset for a batch that is not transactional';
    throw new MoldauError('INVALID_REQUEST', `transactional_id is ${value}: ${limit}`, { field: 'transactional_id', value, limit });
  }
  if (transactionalId !== undefined) assertTransactionalId(transactionalId);
  const producerId = producerIdAt(bytes, 0);
  if (producerId < FIRST_KEYED_PRODUCER_ID) return;
  const facts = { field: 'producer_id', value: String(producerId), limit: `below ${FIRST_KEYED_PRODUCER_ID}` };
  throw new MoldauError('INVALID_REQUEST', `producer id ${producerId} is that of an idempotency key, which has no transactions`, facts);
}

function assertTimestamps(bytes: Uint8Array, settings: TopicSettings, wallMs: number): void {
  const earliest = Math.min(baseTimestampAt(bytes, 0), maxTimestampAt(bytes, 0));
  const latest = Math.max(baseTimestampAt(bytes, 0), maxTimestampAt(bytes, 0));
  if (wallMs - earliest > settings.timestampBeforeMaxMs) {
    throw invalidTimestamp(earliest, 'message.timestamp.before.max.ms', settings.timestampBeforeMaxMs);
  }
  if (latest - wallMs > settings.timestampAfterMaxMs) {
    throw invalidTimestamp(latest, 'message.timestamp.after.max.ms', settings.timestampAfterMaxMs);
  }
}

function invalidTimestamp(value: number, setting: string, limit: number): MoldauError {
  const facts = { setting, value: String(value), limit: String(limit) };
  return new MoldauError('INVALID_TIMESTAMP', `the batch has a record of time ${value}, outside ${setting}=${limit}`, facts);
}

/**
 * Refuses records without a key, for a compacted topic. At once where the batch is not compressed; else decompressed off
 * the event loop.
 *
 * @throws MoldauError NULL_KEY_ON_COMPACTED_TOPIC, CORRUPT_BATCH, DECOMPRESSION_LIMIT_EXCEEDED, also by rejection
 */
export function assertKeys(bytes: Uint8Array, compute: Compute): Promise<void> | undefined {
  if (compressionAt(bytes, 0) === 'none') {
    assertEachKey(readBatch(bytes, 0, { checkCrc: false }));
    return undefined;
  }
  return readBatchWith(compute, bytes, 0, { checkCrc: false }).then(assertEachKey);
}

function assertEachKey(reader: RecordBatchReader): void {
  for (let record = reader.readNext(), index = 0; record !== undefined; record = reader.readNext(), index += 1) {
    if (record.keyLength >= 0) continue;
    const facts = { record: String(index), value: 'null', limit: 'a key' };
    throw new MoldauError('NULL_KEY_ON_COMPACTED_TOPIC', `record ${index} of the batch has no key; a compacted topic needs one`, facts);
  }
}

/** What clients are told who want to change a topic of the cluster itself. */
export function internalTopic({ topicId, index }: Pick<Partition, 'topicId' | 'index'>): MoldauError {
  const facts = { topic_id: topicId, partition: String(index) };
  return new MoldauError(
    'INTERNAL_TOPIC',
    `partition ${index} of topic ${topicId} holds state of the cluster, which clients do not write`,
    facts,
  );
}
