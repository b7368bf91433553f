import { MoldauError } from '@moldau/kernel';
import { buildShardMark, isControlAt, isTransactionalAt, NO_PRODUCER_ID, producerIdAt } from '@moldau/records';
import { assertAppendable } from './append-checks.ts';
import type { Partition } from './partition.ts';
import type { PartitionLog } from './partition-log.ts';

/** What the owner of a shard appends by compare-and-append. */
export interface ShardAppend {
  readonly shardEpoch: number;
  /** Where the log must end; undefined: anywhere, for the first mark of an epoch. */
  readonly expectedEndOffset: number | undefined;
  /** One batch; empty: a mark of the epoch. */
  readonly batch: Uint8Array;
}

/**
 * The batch to append at the log's end, if this owner may, now: nothing is awaited between this and the append. The log's marks
 * tell the newest owner; they are part of the log, so every leader knows them that has what was committed.
 *
 * A claim, which expects no end, is taken only while the log has no mark of its epoch: a late copy of it would fit anywhere,
 * between two appends of the same owner too.
 *
 * @throws MoldauError FENCED_SHARD, APPEND_CONFLICT with `end_offset`, CORRUPT_BATCH, RECORD_TOO_LARGE, INVALID_REQUEST
 */
export function shardBatchOf(
  { shardEpoch, expectedEndOffset, batch }: ShardAppend,
  log: Pick<PartitionLog, 'shardEpoch' | 'endOffset'>,
  { partition, wallMs }: { readonly partition: Partition; readonly wallMs: number },
): Uint8Array {
  const newest = log.shardEpoch;
  if (shardEpoch < newest) throw fenced(partition, shardEpoch, newest);
  const fits = expectedEndOffset === undefined ? shardEpoch > newest : expectedEndOffset === log.endOffset;
  if (!fits) throw conflict(partition, expectedEndOffset, log.endOffset);
  if (batch.length === 0) return buildShardMark(shardEpoch, { timestamp: wallMs });
  if (shardEpoch !== newest) throw unmarked(partition, shardEpoch, newest);
  assertAppendable(batch, { acks: 'all', transaction: undefined }, partition.settings, wallMs);
  if (isControlAt(batch, 0) || isTransactionalAt(batch, 0) || producerIdAt(batch, 0) !== NO_PRODUCER_ID) throw notPlain(partition);
  return batch;
}

function fenced(partition: Partition, value: number, limit: number): MoldauError {
  const message = `shard epoch ${value} is over: an owner of epoch ${limit} has written to partition ${partition.index}`;
  return new MoldauError('FENCED_SHARD', message, { ...factsOf(partition), value: String(value), limit: String(limit) });
}

function conflict(partition: Partition, expected: number | undefined, end: number): MoldauError {
  const why = expected === undefined ? 'has a mark of this epoch already' : `does not end at ${expected}`;
  const facts = { ...factsOf(partition), end_offset: String(end) };
  return new MoldauError('APPEND_CONFLICT', `the log of partition ${partition.index} ${why}; it ends at ${end}`, facts);
}

function unmarked(partition: Partition, value: number, newest: number): MoldauError {
  const message = `records of shard epoch ${value} need a mark of it in the log of partition ${partition.index}; its newest is of ${newest}`;
  return new MoldauError('INVALID_REQUEST', message, { ...factsOf(partition), field: 'record_batch', value: String(value) });
}

function notPlain(partition: Partition): MoldauError {
  const message = 'a batch of a shard has no producer, is not transactional, and is no control batch';
  return new MoldauError('INVALID_REQUEST', message, { ...factsOf(partition), field: 'record_batch' });
}

function factsOf({ topicId, index }: Partition): Readonly<Record<string, string>> {
  return { topic_id: topicId, partition: String(index) };
}
