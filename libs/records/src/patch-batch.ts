import type { LeaderEpoch, Offset } from '@moldau/kernel';
import {
  ATTRIBUTES_AT,
  attributesAt,
  BASE_OFFSET_AT,
  BASE_SEQUENCE_AT,
  CRC_AT,
  LOG_APPEND_TIME_FLAG,
  MAX_TIMESTAMP_AT,
  PARTITION_LEADER_EPOCH_AT,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  sizeInBytesAt,
  TRANSACTIONAL_FLAG,
} from './batch-header.ts';
import { crc32c } from './crc32c.ts';
import { writeInt16, writeInt32, writeInt64 } from './integers.ts';

/** Changes a finished batch in place. The batch at `position` is whole and valid. */

/** Sets where the batch stands in the log and who led when it was appended; both outside the CRC. */
export function stampPosition(bytes: Uint8Array, position: number, baseOffset: Offset, leaderEpoch: LeaderEpoch): void {
  writeInt64(bytes, position + BASE_OFFSET_AT, baseOffset);
  writeInt32(bytes, position + PARTITION_LEADER_EPOCH_AT, leaderEpoch);
}

/** Makes `timestampMs` the time of all records (`message.timestamp.type=LogAppendTime`) and renews the CRC. */
export function stampLogAppendTime(bytes: Uint8Array, position: number, timestampMs: number): void {
  writeInt16(bytes, position + ATTRIBUTES_AT, attributesAt(bytes, position) | LOG_APPEND_TIME_FLAG);
  writeInt64(bytes, position + MAX_TIMESTAMP_AT, timestampMs);
  renewCrc(bytes, position);
}

/** The producer's session and the batch's place in it. */
export interface ProducerStamp {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly transactional?: boolean;
}

/** Gives a batch that is already built its place in a producer's sequence and renews the CRC. */
export function stampProducer(bytes: Uint8Array, position: number, stamp: ProducerStamp): void {
  writeInt64(bytes, position + PRODUCER_ID_AT, stamp.producerId);
  writeInt16(bytes, position + PRODUCER_EPOCH_AT, stamp.producerEpoch);
  writeInt32(bytes, position + BASE_SEQUENCE_AT, stamp.baseSequence);
  const attributes = attributesAt(bytes, position);
  const transactional = stamp.transactional === true ? attributes | TRANSACTIONAL_FLAG : attributes & ~TRANSACTIONAL_FLAG;
  writeInt16(bytes, position + ATTRIBUTES_AT, transactional);
  renewCrc(bytes, position);
}

/** Computes and stores the CRC of the batch at `position`. */
export function renewCrc(bytes: Uint8Array, position: number): void {
  const end = position + sizeInBytesAt(bytes, position);
  writeInt32(bytes, position + CRC_AT, crc32c(bytes.subarray(position + ATTRIBUTES_AT, end)) | 0);
}
