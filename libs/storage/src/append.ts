import { assert, type LeaderEpoch, MoldauError, type Offset, present } from '@moldau/kernel';
import { baseOffsetAt, batchesIn, lastOffsetDeltaAt, partitionLeaderEpochAt, stampPosition } from '@moldau/records';
import { timestampOf } from './batch-check.ts';
import type { EndedTransaction } from './ended-transactions.ts';
import { rollAfterMs } from './partition-config.ts';
import type { PartitionState } from './partition-state.ts';
import { rollNow } from './roll.ts';
import type { Segment } from './segment.ts';
import type { StorageContext } from './storage-context.ts';

/** Offsets in a segment are kept relative to its base in 32 bits. */
export const RELATIVE_OFFSET_MAX = 0x7fff_ffff;

/** Where an append landed. */
export interface Appended {
  readonly baseOffset: Offset;
  readonly lastOffset: Offset;
  /** The log's end: the next offset. */
  readonly end: Offset;
}

/** Who gives the offsets: we lead and give them, or we follow and check that they continue the log. */
export type AppendRole = { readonly kind: 'leader'; readonly leaderEpoch: LeaderEpoch } | { readonly kind: 'follower' };

/**
 * Appends whole, validated batches: memory only, the write follows at the end of the turn.
 *
 * @throws MoldauError DISK_FULL, LOG_DIRECTORY_OFFLINE, PARTITION_OFFLINE, MEMORY_BUDGET_EXHAUSTED; CORRUPT_BATCH from a
 *   follower's batches that leave a gap or go back in epoch
 */
export function appendBatches(context: StorageContext, state: PartitionState, bytes: Uint8Array, role: AppendRole): Appended {
  assertWritable(context, state, bytes.length);
  const baseOffset = state.endOffset;
  // Everything is checked and stamped before anything is noted: a refused append leaves no trace.
  const endOffset = role.kind === 'leader' ? stampAll(bytes, baseOffset, role.leaderEpoch) : checkAll(state, bytes);
  if (mustRoll(context, state, bytes.length, endOffset)) rollNow(context, state);
  noteAll(context, state, state.active, bytes);
  const segment = state.active;
  for (const entry of state.tail.append(bytes, baseOffset, endOffset)) segment.unwritten.push(entry);
  segment.endOffset = endOffset;
  segment.firstAppendMs ??= context.ports.clock.wallMs();
  context.unwrittenBytes += bytes.length;
  context.spaceLeftBytes -= bytes.length;
  context.metrics.appendedBytes.add(bytes.length);
  context.submit(state);
  return { baseOffset: baseOffset as Offset, lastOffset: (endOffset - 1) as Offset, end: endOffset as Offset };
}

function assertWritable(context: StorageContext, state: PartitionState, bytes: number): void {
  const facts = { topic_id: state.topicId, partition: String(state.partition) };
  // What is appended between two looks at the disk counts: the last bytes are for what deleting has to write.
  if (bytes > context.spaceLeftBytes) context.enterFull();
  const { condition } = context;
  if (condition.kind === 'offline') {
    throw new MoldauError('LOG_DIRECTORY_OFFLINE', `the data directory failed: ${condition.reason}`, { ...facts, limit: condition.reason });
  }
  state.assertOnline();
  if (condition.kind === 'full')
    throw new MoldauError('DISK_FULL', `the disk of ${context.root} is full`, { ...facts, path: context.root });
  if (state.paused !== undefined) {
    throw new MoldauError('PARTITION_OFFLINE', `partition ${state.partition} is ${state.paused} and takes appends again soon`, facts);
  }
  const limit = context.settings.unwrittenBytesMax;
  if (context.unwrittenBytes + bytes > limit && context.unwrittenBytes > 0) {
    const value = String(context.unwrittenBytes);
    throw new MoldauError('MEMORY_BUDGET_EXHAUSTED', `${value} bytes wait to be written`, { ...facts, value, limit: String(limit) });
  }
}

function stampAll(bytes: Uint8Array, baseOffset: number, epoch: LeaderEpoch): number {
  let next = baseOffset;
  let end = 0;
  for (const { position, sizeInBytes } of batchesIn(bytes)) {
    stampPosition(bytes, position, next as Offset, epoch);
    next += lastOffsetDeltaAt(bytes, position) + 1;
    end = position + sizeInBytes;
  }
  assert(end === bytes.length && end > 0, 'an append is whole batches', { bytes: bytes.length, end });
  return next;
}

function checkAll(state: PartitionState, bytes: Uint8Array): number {
  let next = state.endOffset;
  let epoch = state.epochs.latest?.epoch ?? -1;
  let end = 0;
  for (const { position, sizeInBytes } of batchesIn(bytes)) {
    const base = baseOffsetAt(bytes, position);
    const batchEpoch = partitionLeaderEpochAt(bytes, position);
    if (base !== next || batchEpoch < epoch) {
      const facts = { base_offset: String(base), leader_epoch: String(batchEpoch), limit: `${next} in epoch ${epoch}` };
      throw new MoldauError(
        'CORRUPT_BATCH',
        `a batch at ${base} in epoch ${batchEpoch} does not continue the log at ${next}, ${epoch}`,
        facts,
      );
    }
    epoch = batchEpoch;
    next += lastOffsetDeltaAt(bytes, position) + 1;
    end = position + sizeInBytes;
  }
  assert(end === bytes.length && end > 0, 'an append is whole batches', { bytes: bytes.length, end });
  return next;
}

function mustRoll(context: StorageContext, state: PartitionState, bytes: number, endOffset: number): boolean {
  const { active, config } = state;
  if (active.sizeBytes === 0) return false;
  if (active.sizeBytes + bytes > config.segmentBytes) return true;
  if ((active.index?.fileBytes ?? 0) >= config.segmentIndexBytes) return true;
  if (endOffset - active.baseOffset > RELATIVE_OFFSET_MAX) return true;
  return isAged(active, rollAfterMs(config), context.ports.clock.wallMs());
}

/** Whether so much time has passed since the segment's first append. */
export function isAged(segment: Segment, ageMs: number, nowMs: number): boolean {
  return segment.firstAppendMs !== undefined && nowMs - segment.firstAppendMs >= ageMs;
}

/** Notes each batch, which has its final offsets, at the end of `segment`; also used by recovery (`nowMs` by the batch then). */
export function noteBatch(
  state: PartitionState,
  segment: Segment,
  bytes: Uint8Array,
  at: number,
  size: number,
  nowMs: number | undefined,
): void {
  const baseOffset = baseOffsetAt(bytes, at);
  const timestamp = timestampOf(bytes, at);
  segment.index?.add(baseOffset, segment.sizeBytes, size, segment.maxTimestamp, state.config.indexIntervalBytes);
  if (timestamp > segment.maxTimestamp) {
    segment.maxTimestamp = timestamp;
    segment.maxTimestampOffset = baseOffset;
  }
  segment.sizeBytes += size;
  segment.endOffset = baseOffset + lastOffsetDeltaAt(bytes, at) + 1;
  state.epochs.assign(partitionLeaderEpochAt(bytes, at), baseOffset);
  const ended = state.producers.note(bytes, at, nowMs);
  if (ended !== undefined) noteEnded(state, segment, ended);
}

function noteEnded(state: PartitionState, segment: Segment, ended: EndedTransaction): void {
  state.uncommittedEnds.note(ended);
  if (ended.outcome === 'abort') present(segment.aborted, 'a segment that takes batches knows its aborted transactions').push(ended);
}

function noteAll(context: StorageContext, state: PartitionState, segment: Segment, bytes: Uint8Array): void {
  const nowMs = context.ports.clock.wallMs();
  for (const { position, sizeInBytes } of batchesIn(bytes)) noteBatch(state, segment, bytes, position, sizeInBytes, nowMs);
}
