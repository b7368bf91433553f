export { assembleBatch, type BatchFields, type SealedRecords } from './assemble-batch.ts';
export { BatchBufferPool } from './batch-buffer-pool.ts';
export {
  advanceSequence,
  attributesAt,
  BATCH_HEADER_BYTES,
  BATCH_LENGTH_OVERHEAD,
  type BatchHeader,
  baseOffsetAt,
  baseSequenceAt,
  baseTimestampAt,
  compressionAt,
  countAt,
  crcAt,
  deleteHorizonAt,
  isControlAt,
  isTransactionalAt,
  lastOffsetAt,
  lastOffsetDeltaAt,
  lastSequenceAt,
  MAGIC,
  magicAt,
  maxTimestampAt,
  NO_PARTITION_LEADER_EPOCH,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  NO_TIMESTAMP,
  nextOffsetAt,
  partitionLeaderEpochAt,
  producerEpochAt,
  producerIdAt,
  readBatchHeader,
  sizeInBytesAt,
  type TimestampType,
  timestampTypeAt,
} from './batch-header.ts';
export { type BatchSpan, batchesIn } from './batches-in.ts';
export { ByteCursor } from './byte-cursor.ts';
export { compress, decompress, prepareCompression } from './compression/codecs.ts';
export {
  ABORT_CONTROL_TYPE,
  buildControlBatch,
  buildShardMark,
  buildTransactionMarker,
  COMMIT_CONTROL_TYPE,
  type ControlBatchFields,
  controlTypeOf,
  SHARD_EPOCH_CONTROL_TYPE,
  shardEpochOf,
  type TransactionMarker,
  type TransactionOutcome,
  transactionMarkerOf,
} from './control-record.ts';
export { crc32c } from './crc32c.ts';
export { readInt16, readInt32, readInt64, readUint32, writeInt16, writeInt32, writeInt64 } from './integers.ts';
export { murmur2, partitionForKey } from './murmur2.ts';
export { type ProducerStamp, renewCrc, stampLogAppendTime, stampPosition, stampProducer } from './patch-batch.ts';
export { ReadEpochs } from './read-epochs.ts';
export { type DecodedHeader, DecodedRecord, type RecordHeader } from './record.ts';
export { type BuilderLimits, RecordBatchBuilder } from './record-batch-builder.ts';
export { type ReadOptions, RecordBatchReader, readBatch, readBatchWith } from './record-batch-reader.ts';
export { buildFiller, cutFillerFront, type Filler, isFillerAt, withoutRecords } from './removed-records.ts';
export {
  assertCrc,
  assertWholeBatch,
  type BatchLimits,
  type BatchOrigin,
  DECOMPRESSED_BYTES_MAX_DEFAULT,
  hasValidCrc,
  RECORD_BYTES_MIN,
  validateBatch,
} from './validate-batch.ts';
export { varintSize, varlongSize, writeVarint, writeVarlong } from './varint.ts';
