import { MoldauError } from '@moldau/kernel';
import {
  ATTRIBUTES_AT,
  attributesAt,
  BATCH_HEADER_BYTES,
  baseOffsetAt,
  baseSequenceAt,
  baseTimestampAt,
  CONTROL_FLAG,
  compressionAt,
  countAt,
  crcAt,
  DELETE_HORIZON_FLAG,
  LOG_APPEND_TIME_FLAG,
  lastOffsetDeltaAt,
  MAGIC,
  magicAt,
  maxTimestampAt,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  producerEpochAt,
  producerIdAt,
  sizeInBytesAt,
  TRANSACTIONAL_FLAG,
} from './batch-header.ts';
import { corruptBatch } from './corrupt-batch.ts';
import { crc32c } from './crc32c.ts';

/** The smallest record: length, attributes, two deltas, null key, null value, no headers, one byte each. */
export const RECORD_BYTES_MIN = 7;

/** What a batch may decompress to unless the caller says otherwise: 32 times the default max.message.bytes. */
export const DECOMPRESSED_BYTES_MAX_DEFAULT = 32 * 1024 * 1024;

/**
 * Where a batch comes from, and so what it may be. `client`: no control batch, no LogAppendTime, no delete horizon, and
 * count = lastOffsetDelta + 1. `service`: as a client's, but control batches are allowed (markers from a coordinator).
 * `log`: anything a log may hold, so also batches thinned or emptied by compaction; its base offset must be set.
 */
export type BatchOrigin = 'client' | 'service' | 'log';

export interface BatchLimits {
  readonly origin: BatchOrigin;
  /** Largest whole batch as stored: `max.message.bytes`. */
  readonly maxBytes: number;
  /** Bounds the record count of a compressed batch; default `DECOMPRESSED_BYTES_MAX_DEFAULT`. */
  readonly maxDecompressedBytes?: number;
}

/**
 * Checks one batch's header and CRC without decompressing or allocating; returns its size in bytes.
 *
 * @throws MoldauError CORRUPT_BATCH, RECORD_TOO_LARGE or UNSUPPORTED_COMPRESSION, with field, value, limit and position
 */
export function validateBatch(bytes: Uint8Array, position: number, limits: BatchLimits): number {
  const size = assertWholeBatch(bytes, position);
  if (size > limits.maxBytes) {
    const facts = { value: String(size), limit: String(limits.maxBytes), position: String(position) };
    throw new MoldauError('RECORD_TOO_LARGE', `record batch of ${size} bytes; at most ${limits.maxBytes} are allowed`, facts);
  }
  assertCrc(bytes, position, size);
  assertOriginAllows(bytes, position, limits.origin);
  assertCount(bytes, position, size, limits);
  assertSequence(bytes, position);
  // Read for their check: beyond 2⁵³ they would break every later reader.
  baseTimestampAt(bytes, position);
  maxTimestampAt(bytes, position);
  return size;
}

/**
 * Checks that a whole batch of version 2 lies at `position`; returns its size. The first check before any accessor.
 *
 * @throws MoldauError CORRUPT_BATCH
 */
export function assertWholeBatch(bytes: Uint8Array, position: number): number {
  const available = bytes.length - position;
  if (available < BATCH_HEADER_BYTES) throw fault('ends inside its header', 'size', available, position, `at least ${BATCH_HEADER_BYTES}`);
  const size = sizeInBytesAt(bytes, position);
  if (size < BATCH_HEADER_BYTES) throw fault('is shorter than its header', 'size', size, position, `at least ${BATCH_HEADER_BYTES}`);
  if (magicAt(bytes, position) !== MAGIC) throw fault('has an unknown version', 'magic', magicAt(bytes, position), position, String(MAGIC));
  if (size > available) throw fault('is longer than the bytes given', 'size', size, position, `at most ${available}`);
  return size;
}

/** Whether the CRC of the whole batch at `position` is right. */
export function hasValidCrc(bytes: Uint8Array, position: number, sizeInBytes: number): boolean {
  return crc32c(bytes.subarray(position + ATTRIBUTES_AT, position + sizeInBytes)) === crcAt(bytes, position);
}

/** @throws MoldauError CORRUPT_BATCH */
export function assertCrc(bytes: Uint8Array, position: number, sizeInBytes: number): void {
  if (hasValidCrc(bytes, position, sizeInBytes)) return;
  throw fault('fails its CRC', 'crc', crcAt(bytes, position), position, 'the CRC-32C of its bytes');
}

function assertOriginAllows(bytes: Uint8Array, position: number, origin: BatchOrigin): void {
  compressionAt(bytes, position);
  const attributes = attributesAt(bytes, position);
  if (origin === 'log') {
    baseOffsetAt(bytes, position);
    return;
  }
  const refused = LOG_APPEND_TIME_FLAG | DELETE_HORIZON_FLAG | (origin === 'client' ? CONTROL_FLAG : 0);
  if ((attributes & refused) !== 0) {
    throw fault(
      `has attributes that a ${origin} may not set`,
      'attributes',
      attributes,
      position,
      `without bits 0x${refused.toString(16)}`,
    );
  }
}

function assertCount(bytes: Uint8Array, position: number, size: number, limits: BatchLimits): void {
  const count = countAt(bytes, position);
  const span = lastOffsetDeltaAt(bytes, position) + 1;
  const thinned = limits.origin === 'log' && count >= 0 && count <= span;
  if (span < 1) throw fault('has a negative last offset', 'lastOffsetDelta', span - 1, position, '≥ 0');
  if (!thinned && count !== span) throw fault('has a count that differs from lastOffsetDelta + 1', 'count', count, position, String(span));
  const compressed = compressionAt(bytes, position) !== 'none';
  const recordsBytes = compressed ? (limits.maxDecompressedBytes ?? DECOMPRESSED_BYTES_MAX_DEFAULT) : size - BATCH_HEADER_BYTES;
  const countMax = Math.floor(recordsBytes / RECORD_BYTES_MIN);
  if (count > countMax) throw fault('counts more records than fit its bytes', 'count', count, position, `at most ${countMax}`);
}

function assertSequence(bytes: Uint8Array, position: number): void {
  const producerId = producerIdAt(bytes, position);
  const epoch = producerEpochAt(bytes, position);
  const sequence = baseSequenceAt(bytes, position);
  const attributes = attributesAt(bytes, position);
  if (producerId === NO_PRODUCER_ID) {
    if (epoch !== NO_PRODUCER_EPOCH) throw fault('has a producer epoch but no producer id', 'producerEpoch', epoch, position, '-1');
    if (sequence !== NO_SEQUENCE) throw fault('has a sequence but no producer id', 'baseSequence', sequence, position, '-1');
    if ((attributes & TRANSACTIONAL_FLAG) !== 0)
      throw fault('is transactional without a producer id', 'producerId', producerId, position, '≥ 0');
    return;
  }
  if (producerId < 0) throw fault('has a negative producer id', 'producerId', producerId, position, '≥ -1');
  if (epoch < 0) throw fault('has a producer id but no producer epoch', 'producerEpoch', epoch, position, '≥ 0');
  // Transaction markers carry the producer's id but take no place in its sequence.
  const unsequenced = sequence === NO_SEQUENCE && (attributes & CONTROL_FLAG) !== 0;
  if (sequence < 0 && !unsequenced) throw fault('has a producer id but no sequence', 'baseSequence', sequence, position, '≥ 0');
}

function fault(problem: string, field: string, value: number, position: number, limit: string): MoldauError {
  return corruptBatch(`${problem}: ${field} is ${value}, expected ${limit}`, {
    field,
    value: String(value),
    limit,
    position: String(position),
  });
}
