import { corruptBatch } from './corrupt-batch.ts';
import { readInt16, readInt32, writeInt16, writeInt32 } from './integers.ts';
import type { DecodedRecord } from './record.ts';
import { RecordBatchBuilder } from './record-batch-builder.ts';

/**
 * Control records steer readers and are not delivered. Key: version int16, type int16. A transaction marker's value:
 * version int16, coordinator epoch int32. Kafka uses the types 0–6; Moldau's own begin at 1000.
 */
export const ABORT_CONTROL_TYPE = 0;
export const COMMIT_CONTROL_TYPE = 1;
/** Marks that the owner of a coordinator shard in some epoch writes to its partition; its value: version int16, shard epoch int32. */
export const SHARD_EPOCH_CONTROL_TYPE = 1000;

const KEY_BYTES = 4;
const KEY_VERSION = 0;
const MARKER_BYTES = 6;
const MARKER_VERSION = 0;
const SHARD_MARK_BYTES = 6;
const SHARD_MARK_VERSION = 0;
/** Far above any control record's value. */
const CONTROL_BATCH_BYTES_MAX = 64 * 1024;

export interface ControlBatchFields {
  /** Milliseconds since the Unix epoch. */
  readonly timestamp: number;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly transactional?: boolean;
  readonly baseOffset?: number;
  readonly partitionLeaderEpoch?: number;
}

/** A batch of one control record of any type. @throws MoldauError RECORD_TOO_LARGE above 64 KiB */
export function buildControlBatch(type: number, value: Uint8Array, fields: ControlBatchFields): Buffer {
  const { timestamp, ...rest } = fields;
  const key = Buffer.alloc(KEY_BYTES);
  writeInt16(key, 0, KEY_VERSION);
  writeInt16(key, 2, type);
  const builder = new RecordBatchBuilder({ targetBytes: CONTROL_BATCH_BYTES_MAX, maxBytes: CONTROL_BATCH_BYTES_MAX });
  builder.append(timestamp, key, value);
  return builder.build({ ...rest, control: true });
}

export type TransactionOutcome = 'commit' | 'abort';

export interface TransactionMarker {
  readonly outcome: TransactionOutcome;
  /** Of the coordinator that decided; fences its predecessors. */
  readonly coordinatorEpoch: number;
}

/** The batch that ends a producer's transaction on a partition. */
export function buildTransactionMarker(
  marker: TransactionMarker,
  fields: ControlBatchFields & { readonly producerId: number; readonly producerEpoch: number },
): Buffer {
  const value = Buffer.alloc(MARKER_BYTES);
  writeInt16(value, 0, MARKER_VERSION);
  writeInt32(value, 2, marker.coordinatorEpoch);
  return buildControlBatch(marker.outcome === 'commit' ? COMMIT_CONTROL_TYPE : ABORT_CONTROL_TYPE, value, {
    ...fields,
    transactional: true,
  });
}

/** The type of a control record; unknown types are to be skipped. @throws MoldauError CORRUPT_BATCH for a malformed key */
export function controlTypeOf(record: DecodedRecord): number {
  const key = record.key;
  if (key === null || key.length < KEY_BYTES || readInt16(key, 0) < KEY_VERSION) {
    throw corruptBatch('has a control record with a malformed key', { offset: String(record.offset), value: String(record.keyLength) });
  }
  return readInt16(key, 2);
}

/** The marker in a control record; undefined when it is of another type. @throws MoldauError CORRUPT_BATCH for a malformed one */
export function transactionMarkerOf(record: DecodedRecord): TransactionMarker | undefined {
  const type = controlTypeOf(record);
  if (type !== COMMIT_CONTROL_TYPE && type !== ABORT_CONTROL_TYPE) return undefined;
  const value = record.value;
  if (value === null || value.length < MARKER_BYTES || readInt16(value, 0) < MARKER_VERSION) {
    throw corruptBatch('has a malformed transaction marker', { offset: String(record.offset), value: String(record.valueLength) });
  }
  return { outcome: type === COMMIT_CONTROL_TYPE ? 'commit' : 'abort', coordinatorEpoch: readInt32(value, 2) };
}

/** The batch by which the owner of a coordinator shard claims its partition, and proves that it still has it. */
export function buildShardMark(shardEpoch: number, fields: ControlBatchFields): Buffer {
  const value = Buffer.alloc(SHARD_MARK_BYTES);
  writeInt16(value, 0, SHARD_MARK_VERSION);
  writeInt32(value, 2, shardEpoch);
  return buildControlBatch(SHARD_EPOCH_CONTROL_TYPE, value, fields);
}

/** The epoch in the mark of a shard's owner; undefined when the record is of another type. @throws MoldauError CORRUPT_BATCH for a malformed one */
export function shardEpochOf(record: DecodedRecord): number | undefined {
  if (controlTypeOf(record) !== SHARD_EPOCH_CONTROL_TYPE) return undefined;
  const value = record.value;
  if (value === null || value.length < SHARD_MARK_BYTES || readInt16(value, 0) < SHARD_MARK_VERSION) {
    throw corruptBatch('has a malformed mark of a shard epoch', { offset: String(record.offset), value: String(record.valueLength) });
  }
  return readInt32(value, 2);
}
