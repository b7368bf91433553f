import type { LeaderEpoch, Offset } from '@moldau/kernel';
import { assembleBatch } from './assemble-batch.ts';
import {
  ATTRIBUTES_AT,
  attributesAt,
  BASE_OFFSET_AT,
  BATCH_HEADER_BYTES,
  BATCH_LENGTH_AT,
  BATCH_LENGTH_OVERHEAD,
  CODEC_MASK,
  COUNT_AT,
  countAt,
  DELETE_HORIZON_FLAG,
  isControlAt,
  LAST_OFFSET_DELTA_AT,
  lastOffsetAt,
  NO_PRODUCER_ID,
  producerIdAt,
} from './batch-header.ts';
import { writeInt16, writeInt32, writeInt64 } from './integers.ts';
import { renewCrc } from './patch-batch.ts';
import { RecordBatchBuilder } from './record-batch-builder.ts';

/** What compaction leaves of batches without records: readers find their offsets taken, and nothing in them. */

/** The batch at `position` without its records: its offsets, times, producer and sequence stay. */
export function withoutRecords(bytes: Uint8Array, position: number): Uint8Array {
  const header = bytes.slice(position, position + BATCH_HEADER_BYTES);
  writeInt32(header, BATCH_LENGTH_AT, BATCH_HEADER_BYTES - BATCH_LENGTH_OVERHEAD);
  writeInt16(header, ATTRIBUTES_AT, attributesAt(header, 0) & ~(CODEC_MASK | DELETE_HORIZON_FLAG));
  writeInt32(header, COUNT_AT, 0);
  renewCrc(header, 0);
  return header;
}

/** Offsets whose records are gone, in one leader epoch. */
export interface Filler {
  readonly baseOffset: Offset;
  readonly lastOffset: Offset;
  readonly leaderEpoch: LeaderEpoch;
  /** The largest of the records that were there. */
  readonly maxTimestamp: number;
}

/** An empty batch that stands for several removed ones, so that a log stays without holes. */
export function buildFiller({ baseOffset, lastOffset, leaderEpoch, maxTimestamp }: Filler): Uint8Array {
  const nothing = new RecordBatchBuilder({ targetBytes: BATCH_HEADER_BYTES, maxBytes: BATCH_HEADER_BYTES }).seal();
  return assembleBatch(nothing, { baseOffset, partitionLeaderEpoch: leaderEpoch, lastOffsetDelta: lastOffset - baseOffset, maxTimestamp });
}

/** Whether the batch is without records and no producer's. */
export function isFillerAt(bytes: Uint8Array, position: number): boolean {
  return countAt(bytes, position) === 0 && producerIdAt(bytes, position) === NO_PRODUCER_ID && !isControlAt(bytes, position);
}

/** Lets the filler at `position` begin at `baseOffset`, which lies in it, and renews the CRC: for a log that ends within it. */
export function cutFillerFront(bytes: Uint8Array, position: number, baseOffset: Offset): void {
  writeInt32(bytes, position + LAST_OFFSET_DELTA_AT, lastOffsetAt(bytes, position) - baseOffset);
  writeInt64(bytes, position + BASE_OFFSET_AT, baseOffset);
  renewCrc(bytes, position);
}
