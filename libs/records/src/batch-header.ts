import { COMPRESSION_NAMES, type CompressionName, MoldauError, type Offset } from '@moldau/kernel';
import { corruptBatch } from './corrupt-batch.ts';
import { readInt16, readInt32, readInt64, readUint32 } from './integers.ts';

/**
 * The header of a record batch, version 2 (Kafka's RecordBatch, magic 2; KIP-98). Big-endian:
 *
 *    0 baseOffset int64            23 lastOffsetDelta int32     51 producerEpoch int16
 *    8 batchLength int32           27 baseTimestamp int64       53 baseSequence int32
 *   12 partitionLeaderEpoch int32  35 maxTimestamp int64        57 count int32
 *   16 magic int8                  43 producerId int64          61 records
 *   17 crc uint32
 *   21 attributes int16: bits 0–2 codec, 3 timestamp type, 4 transactional, 5 control, 6 delete horizon
 *
 * batchLength counts the bytes after itself. The CRC-32C covers attributes to end, so offset and leader epoch can change
 * under it. The accessors read in place at `position`, where a whole header must be (see `validateBatch`, `batchesIn`);
 * one that meets an int64 beyond ±2⁵³ throws MoldauError CORRUPT_BATCH.
 */
export const BASE_OFFSET_AT = 0;
export const BATCH_LENGTH_AT = 8;
export const PARTITION_LEADER_EPOCH_AT = 12;
export const MAGIC_AT = 16;
export const CRC_AT = 17;
export const ATTRIBUTES_AT = 21;
export const LAST_OFFSET_DELTA_AT = 23;
export const BASE_TIMESTAMP_AT = 27;
export const MAX_TIMESTAMP_AT = 35;
export const PRODUCER_ID_AT = 43;
export const PRODUCER_EPOCH_AT = 51;
export const BASE_SEQUENCE_AT = 53;
export const COUNT_AT = 57;
export const BATCH_HEADER_BYTES = 61;
/** Bytes before those that batchLength counts. */
export const BATCH_LENGTH_OVERHEAD = 12;

export const MAGIC = 2;
export const CODEC_MASK = 0x07;
export const LOG_APPEND_TIME_FLAG = 0x08;
export const TRANSACTIONAL_FLAG = 0x10;
export const CONTROL_FLAG = 0x20;
export const DELETE_HORIZON_FLAG = 0x40;

/** In producerId, producerEpoch and baseSequence of a batch that is not idempotent. */
export const NO_PRODUCER_ID = -1;
export const NO_PRODUCER_EPOCH = -1;
export const NO_SEQUENCE = -1;
export const NO_TIMESTAMP = -1;
/** In the batch of a client: the leader fills it in. */
export const NO_PARTITION_LEADER_EPOCH = -1;

const INT32_MAX = 0x7fff_ffff;

/** Who sets a record's timestamp: the producer, or the broker when it appends. */
export type TimestampType = 'CreateTime' | 'LogAppendTime';

/** Bytes of the whole batch, header included, as its length field claims; may be negative or beyond the buffer. */
export function sizeInBytesAt(bytes: Uint8Array, position: number): number {
  return readInt32(bytes, position + BATCH_LENGTH_AT) + BATCH_LENGTH_OVERHEAD;
}

/** @throws MoldauError CORRUPT_BATCH when it is negative */
export function baseOffsetAt(bytes: Uint8Array, position: number): Offset {
  const value = readInt64(bytes, position + BASE_OFFSET_AT);
  if (value < 0)
    throw corruptBatch(`has the base offset ${value}`, { field: 'baseOffset', value: String(value), position: String(position) });
  return value as Offset;
}

/** Offset of the last record, or of the last one there was before compaction. */
export function lastOffsetAt(bytes: Uint8Array, position: number): Offset {
  return (baseOffsetAt(bytes, position) + lastOffsetDeltaAt(bytes, position)) as Offset;
}

/** The offset after the batch. */
export function nextOffsetAt(bytes: Uint8Array, position: number): Offset {
  return (lastOffsetAt(bytes, position) + 1) as Offset;
}

export function partitionLeaderEpochAt(bytes: Uint8Array, position: number): number {
  return readInt32(bytes, position + PARTITION_LEADER_EPOCH_AT);
}

export function magicAt(bytes: Uint8Array, position: number): number {
  return bytes[position + MAGIC_AT]!;
}

export function crcAt(bytes: Uint8Array, position: number): number {
  return readUint32(bytes, position + CRC_AT);
}

export function attributesAt(bytes: Uint8Array, position: number): number {
  return readInt16(bytes, position + ATTRIBUTES_AT);
}

/** @throws MoldauError UNSUPPORTED_COMPRESSION for a number that no codec has */
export function compressionAt(bytes: Uint8Array, position: number): CompressionName {
  const codec = attributesAt(bytes, position) & CODEC_MASK;
  const name = COMPRESSION_NAMES[codec];
  if (name === undefined) {
    const limit = `0–${COMPRESSION_NAMES.length - 1}`;
    const facts = { field: 'codec', value: String(codec), limit, position: String(position) };
    throw new MoldauError('UNSUPPORTED_COMPRESSION', `record batch names codec ${codec}; ${limit} exist`, facts);
  }
  return name;
}

export function timestampTypeAt(bytes: Uint8Array, position: number): TimestampType {
  return (attributesAt(bytes, position) & LOG_APPEND_TIME_FLAG) === 0 ? 'CreateTime' : 'LogAppendTime';
}

export function isTransactionalAt(bytes: Uint8Array, position: number): boolean {
  return (attributesAt(bytes, position) & TRANSACTIONAL_FLAG) !== 0;
}

/** Control batches hold transaction markers and the like; readers do not see their records. */
export function isControlAt(bytes: Uint8Array, position: number): boolean {
  return (attributesAt(bytes, position) & CONTROL_FLAG) !== 0;
}

/** When tombstones of this batch may go (KIP-534), in ms since the epoch; it then stands in the base timestamp's place. */
export function deleteHorizonAt(bytes: Uint8Array, position: number): number | undefined {
  return (attributesAt(bytes, position) & DELETE_HORIZON_FLAG) === 0 ? undefined : baseTimestampAt(bytes, position);
}

export function lastOffsetDeltaAt(bytes: Uint8Array, position: number): number {
  return readInt32(bytes, position + LAST_OFFSET_DELTA_AT);
}

/** Milliseconds since the Unix epoch that the records' deltas count from. */
export function baseTimestampAt(bytes: Uint8Array, position: number): number {
  return readInt64(bytes, position + BASE_TIMESTAMP_AT);
}

/** Milliseconds since the Unix epoch. */
export function maxTimestampAt(bytes: Uint8Array, position: number): number {
  return readInt64(bytes, position + MAX_TIMESTAMP_AT);
}

/** `NO_PRODUCER_ID` when the batch is not idempotent. */
export function producerIdAt(bytes: Uint8Array, position: number): number {
  return readInt64(bytes, position + PRODUCER_ID_AT);
}

export function producerEpochAt(bytes: Uint8Array, position: number): number {
  return readInt16(bytes, position + PRODUCER_EPOCH_AT);
}

export function baseSequenceAt(bytes: Uint8Array, position: number): number {
  return readInt32(bytes, position + BASE_SEQUENCE_AT);
}

/** Sequence of the last record; `NO_SEQUENCE` when the batch has none. */
export function lastSequenceAt(bytes: Uint8Array, position: number): number {
  const base = baseSequenceAt(bytes, position);
  return base === NO_SEQUENCE ? NO_SEQUENCE : advanceSequence(base, lastOffsetDeltaAt(bytes, position));
}

/** Records in the batch. */
export function countAt(bytes: Uint8Array, position: number): number {
  return readInt32(bytes, position + COUNT_AT);
}

/** `sequence + count`; after 2³¹−1 comes 0. */
export function advanceSequence(sequence: number, count: number): number {
  const sum = sequence + count;
  return sum > INT32_MAX ? sum - INT32_MAX - 1 : sum;
}

/** All header fields at once, for tools and logs; the hot paths use the accessors. */
export interface BatchHeader {
  readonly baseOffset: number;
  readonly sizeInBytes: number;
  readonly partitionLeaderEpoch: number;
  readonly magic: number;
  readonly crc: number;
  readonly compression: CompressionName;
  readonly timestampType: TimestampType;
  readonly transactional: boolean;
  readonly control: boolean;
  readonly deleteHorizonMs: number | undefined;
  readonly lastOffsetDelta: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly count: number;
}

export function readBatchHeader(bytes: Uint8Array, position = 0): BatchHeader {
  return {
    baseOffset: baseOffsetAt(bytes, position),
    sizeInBytes: sizeInBytesAt(bytes, position),
    partitionLeaderEpoch: partitionLeaderEpochAt(bytes, position),
    magic: magicAt(bytes, position),
    crc: crcAt(bytes, position),
    compression: compressionAt(bytes, position),
    timestampType: timestampTypeAt(bytes, position),
    transactional: isTransactionalAt(bytes, position),
    control: isControlAt(bytes, position),
    deleteHorizonMs: deleteHorizonAt(bytes, position),
    lastOffsetDelta: lastOffsetDeltaAt(bytes, position),
    baseTimestamp: baseTimestampAt(bytes, position),
    maxTimestamp: maxTimestampAt(bytes, position),
    producerId: producerIdAt(bytes, position),
    producerEpoch: producerEpochAt(bytes, position),
    baseSequence: baseSequenceAt(bytes, position),
    count: countAt(bytes, position),
  };
}
