import { COMPRESSION_NAMES, type CompressionName } from '@moldau/kernel';
import {
  ATTRIBUTES_AT,
  BASE_OFFSET_AT,
  BASE_SEQUENCE_AT,
  BASE_TIMESTAMP_AT,
  BATCH_HEADER_BYTES,
  BATCH_LENGTH_AT,
  BATCH_LENGTH_OVERHEAD,
  CONTROL_FLAG,
  COUNT_AT,
  CRC_AT,
  DELETE_HORIZON_FLAG,
  LAST_OFFSET_DELTA_AT,
  LOG_APPEND_TIME_FLAG,
  MAGIC,
  MAGIC_AT,
  MAX_TIMESTAMP_AT,
  NO_PARTITION_LEADER_EPOCH,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  PARTITION_LEADER_EPOCH_AT,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  TRANSACTIONAL_FLAG,
} from './batch-header.ts';
import { crc32c } from './crc32c.ts';
import { writeInt16, writeInt32, writeInt64 } from './integers.ts';

/** What a batch says of itself beside its records. */
export interface BatchFields {
  /** Default none. */
  readonly compression?: CompressionName;
  /** Default `NO_PRODUCER_ID`; given together with `producerEpoch` and, but for control batches, `baseSequence`. */
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly transactional?: boolean;
  readonly control?: boolean;
  /** Default 0, as producers send it. */
  readonly baseOffset?: number;
  /** Default `NO_PARTITION_LEADER_EPOCH`. */
  readonly partitionLeaderEpoch?: number;
  /** Makes it a LogAppendTime batch of this time, in ms since the epoch. */
  readonly logAppendTimeMs?: number;
  /** Last offset − base offset, where it is above the last record's: compaction keeps the span of a batch. */
  readonly lastOffsetDelta?: number;
  /** Default the largest of the records'; compaction keeps that of the batch. */
  readonly maxTimestamp?: number;
  /** Marks that the base timestamp is a delete horizon (KIP-534); it goes with `RecordBatchBuilder.setBaseTimestamp`. */
  readonly hasDeleteHorizon?: boolean;
}

/** The records of a batch whose header is still to be written; made by `RecordBatchBuilder.seal`. */
export interface SealedRecords {
  /** Room for the header, then the records. */
  readonly buffer: Buffer;
  /** Only the records: a view of `buffer`. */
  readonly records: Buffer;
  readonly count: number;
  readonly lastOffsetDelta: number;
  /** `NO_TIMESTAMP` where there are no records. */
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
}

/**
 * The last step of building: the finished batch. Without `compressed` it is `sealed.buffer` with its header written in
 * place; otherwise a new buffer with `compressed`, the output of `fields.compression`, for its records.
 */
export function assembleBatch(sealed: SealedRecords, fields: BatchFields, compressed?: Uint8Array): Buffer {
  const batch = compressed === undefined ? sealed.buffer : Buffer.allocUnsafeSlow(BATCH_HEADER_BYTES + compressed.length);
  if (compressed !== undefined) batch.set(compressed, BATCH_HEADER_BYTES);
  writeBatchHeader(batch, sealed, fields);
  return batch;
}

function writeBatchHeader(batch: Buffer, sealed: SealedRecords, fields: BatchFields): void {
  writeInt64(batch, BASE_OFFSET_AT, fields.baseOffset ?? 0);
  writeInt32(batch, BATCH_LENGTH_AT, batch.length - BATCH_LENGTH_OVERHEAD);
  writeInt32(batch, PARTITION_LEADER_EPOCH_AT, fields.partitionLeaderEpoch ?? NO_PARTITION_LEADER_EPOCH);
  batch[MAGIC_AT] = MAGIC;
  writeInt16(batch, ATTRIBUTES_AT, attributesOf(fields));
  writeInt32(batch, LAST_OFFSET_DELTA_AT, fields.lastOffsetDelta ?? sealed.lastOffsetDelta);
  writeInt64(batch, BASE_TIMESTAMP_AT, sealed.baseTimestamp);
  writeInt64(batch, MAX_TIMESTAMP_AT, fields.logAppendTimeMs ?? fields.maxTimestamp ?? sealed.maxTimestamp);
  writeInt64(batch, PRODUCER_ID_AT, fields.producerId ?? NO_PRODUCER_ID);
  writeInt16(batch, PRODUCER_EPOCH_AT, fields.producerEpoch ?? NO_PRODUCER_EPOCH);
  writeInt32(batch, BASE_SEQUENCE_AT, fields.baseSequence ?? NO_SEQUENCE);
  writeInt32(batch, COUNT_AT, sealed.count);
  writeInt32(batch, CRC_AT, crc32c(batch.subarray(ATTRIBUTES_AT)) | 0);
}

function attributesOf(fields: BatchFields): number {
  return (
    COMPRESSION_NAMES.indexOf(fields.compression ?? 'none') |
    (fields.logAppendTimeMs === undefined ? 0 : LOG_APPEND_TIME_FLAG) |
    (fields.transactional === true ? TRANSACTIONAL_FLAG : 0) |
    (fields.control === true ? CONTROL_FLAG : 0) |
    (fields.hasDeleteHorizon === true ? DELETE_HORIZON_FLAG : 0)
  );
}
