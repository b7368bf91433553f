import { MoldauError, type ProducerEpoch, type ProducerId } from '@moldau/kernel';
import type { GroupEntry } from '../group-entry.ts';
import type { Operation } from '../operation.ts';
import type { EndedTransaction } from '../record/group-state-record.ts';
import {
  type CommitRequest,
  checkCommitter,
  committedOffset,
  fault,
  keepGroup,
  outcomeOf,
  type PartitionOutcome,
} from './commit-offsets.ts';

/**
 * What the offsets that one transaction stages in one group may take, by `stagedCost`: its end writes them again, in one batch with
 * those of its other groups in the shard.
 */
const STAGED_BYTES_MAX = 8 * 1024 * 1024;
/** Two records of an offset, without what the committer noted: keys with the longest names of namespace and group, and a tombstone. */
const STAGED_OFFSET_BYTES = 768;

/**
 * Offsets inside transactions. They are staged under the producer until the end of its transaction is told, by the transaction's
 * coordinator and as often as it takes. Each transaction has a producer epoch of its own (KIP-890), so what comes late, of a
 * transaction that ended, is told by its epoch.
 */
export interface StageRequest extends CommitRequest {
  readonly producerId: ProducerId;
  readonly producerEpoch: ProducerEpoch;
}

export interface EndTransactionRequest {
  readonly producerId: ProducerId;
  readonly producerEpoch: ProducerEpoch;
  /** Shard epoch of the transaction coordinator that says so. */
  readonly shardEpoch: number;
  readonly outcome: 'commit' | 'abort';
}

/**
 * Stages offsets of an open transaction; each partition for itself, by the rules of a commit.
 *
 * @throws MoldauError FENCED_PRODUCER, CONCURRENT_CHANGE, TRANSACTION_TOO_LARGE, and those of a commit: nothing was staged
 */
export function stageOffsets(
  op: Operation,
  entry: GroupEntry,
  request: StageRequest,
  ended: EndedTransaction | undefined,
): readonly PartitionOutcome[] {
  const { producerId, producerEpoch, committer, offsets } = request;
  checkProducer(entry, request, ended);
  checkCommitter(entry, committer, offsets.length);
  checkRoom(entry, request);
  const outcomes = offsets.map((each) => outcomeOf(each, fault(op, entry, committer, each)));
  if (outcomes.some(({ error }) => error === undefined)) keepGroup(op, entry);
  for (const [at, each] of offsets.entries()) {
    if (outcomes[at]?.error !== undefined) continue;
    const { topicId, partition } = each;
    const value = { producerEpoch, offset: committedOffset(op, each) };
    op.emit({ type: 'staged-offset', group: entry.group, producerId, topicId, partition, value });
  }
  return outcomes;
}

/** Offsets that are staged anew count twice: far from the limit nobody sees it, and near it the transaction is too large anyway. */
function checkRoom({ group, offsets }: GroupEntry, request: StageRequest): void {
  let bytes = 0;
  for (const { metadata } of request.offsets) bytes += stagedCost(metadata);
  for (const { value } of offsets.stagedBy(request.producerId)) bytes += stagedCost(value.offset.metadata);
  if (bytes <= STAGED_BYTES_MAX) return;
  const facts = { group: group.groupId, value: String(bytes), limit: String(STAGED_BYTES_MAX) };
  const text = `the transaction's offsets of group '${group.groupId}' would take ${bytes} bytes, the limit is ${STAGED_BYTES_MAX}`;
  throw new MoldauError('TRANSACTION_TOO_LARGE', text, facts);
}

function stagedCost(metadata: string): number {
  return STAGED_OFFSET_BYTES + Buffer.byteLength(metadata);
}

function checkProducer(entry: GroupEntry, { producerId, producerEpoch }: StageRequest, ended: EndedTransaction | undefined): void {
  const facts = { producer_id: String(producerId), producer_epoch: String(producerEpoch) };
  if (ended !== undefined && producerEpoch <= ended.producerEpoch) throw fenced(facts, ended.producerEpoch);
  for (const { value } of entry.offsets.stagedBy(producerId)) {
    if (value.producerEpoch > producerEpoch) throw fenced(facts, value.producerEpoch);
    if (value.producerEpoch < producerEpoch) {
      throw new MoldauError('CONCURRENT_CHANGE', 'the end of the transaction before has not been told yet', {
        ...facts,
        limit: String(value.producerEpoch),
      });
    }
  }
}

/**
 * Ends a producer's transaction in one group. Offsets of the transaction that is told of are committed or dropped; older ones are
 * dropped.
 */
export function endStaged(op: Operation, entry: GroupEntry, { producerId, producerEpoch, outcome }: EndTransactionRequest): void {
  const { group } = entry;
  for (const { topicId, partition, value } of [...entry.offsets.stagedBy(producerId)]) {
    if (value.producerEpoch > producerEpoch) continue;
    const committed = outcome === 'commit' && value.producerEpoch === producerEpoch;
    if (committed) op.emit({ type: 'offset', group, topicId, partition, value: { ...value.offset, committedAtMs: op.now.wallMs } });
    op.emit({ type: 'staged-offset', group, producerId, topicId, partition, value: undefined });
  }
}

/**
 * Whether the end of a transaction is news. Told again it is not: the first time counted.
 *
 * @throws MoldauError FENCED_PRODUCER for an older transaction, FENCED_SHARD from an older coordinator
 */
export function isNewEnd(request: EndTransactionRequest, ended: EndedTransaction | undefined): boolean {
  const { producerId, producerEpoch, shardEpoch } = request;
  if (ended === undefined) return true;
  const facts = { producer_id: String(producerId), producer_epoch: String(producerEpoch), shard_epoch: String(shardEpoch) };
  if (shardEpoch < ended.shardEpoch) {
    throw new MoldauError('FENCED_SHARD', 'a newer coordinator of the transaction has been heard', {
      ...facts,
      limit: String(ended.shardEpoch),
    });
  }
  if (producerEpoch < ended.producerEpoch) throw fenced(facts, ended.producerEpoch);
  return producerEpoch > ended.producerEpoch;
}

function fenced(facts: Readonly<Record<string, string>>, limit: number): MoldauError {
  return new MoldauError('FENCED_PRODUCER', 'the transaction of that producer epoch has ended', { ...facts, limit: String(limit) });
}
