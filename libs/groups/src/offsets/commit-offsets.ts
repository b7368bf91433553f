import { type LeaderEpoch, MoldauError, offset, type PartitionIndex, type TopicId } from '@moldau/kernel';
import type { GroupEntry } from '../group-entry.ts';
import { type GroupRef, groupFacts } from '../group-ref.ts';
import type { Operation } from '../operation.ts';
import type { CommittedOffset } from '../record/group-state-record.ts';

/** Most bytes, in UTF-8, that a committer may note with an offset: each is kept in memory. Kafka's limit too. */
export const OFFSET_METADATA_BYTES_MAX = 4_096;
/** Most offsets in one commit: one step of the shard, and well within one batch of the log. */
export const COMMITTED_OFFSETS_MAX = 10_000;

/** Who commits: a member, for what it owns; or somebody with the right to, for a group without members. */
export type Committer = { readonly type: 'member'; readonly memberId: string; readonly memberEpoch: number } | { readonly type: 'admin' };

export interface OffsetToCommit {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  /** Offset of the next record to read. As it came: negative ones are refused here. Whether the log reaches so far is not known. */
  readonly offset: number;
  /** Leader epoch of the last record that was read, if any was. */
  readonly leaderEpoch: LeaderEpoch | undefined;
  readonly metadata: string;
  /** Expires so long from now, in milliseconds. Undefined: by the settings of the group. */
  readonly retentionMs: number | undefined;
}

export interface CommitRequest {
  readonly group: GroupRef;
  readonly committer: Committer;
  readonly offsets: readonly OffsetToCommit[];
}

/** Result for one partition: each is decided alone. */
export interface PartitionOutcome {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly error: MoldauError | undefined;
}

/**
 * Commits offsets: each partition for itself.
 *
 * @throws MoldauError UNKNOWN_MEMBER, FENCED_MEMBER_EPOCH, GROUP_NOT_EMPTY, INVALID_REQUEST: nothing was committed
 */
export function commitOffsets(op: Operation, entry: GroupEntry, request: CommitRequest): readonly PartitionOutcome[] {
  checkCommitter(entry, request.committer, request.offsets.length);
  const outcomes = request.offsets.map((each) => outcomeOf(each, fault(op, entry, request.committer, each)));
  if (outcomes.some(({ error }) => error === undefined)) keepGroup(op, entry);
  for (const [at, each] of request.offsets.entries()) {
    if (outcomes[at]?.error !== undefined) continue;
    const { topicId, partition } = each;
    op.emit({ type: 'offset', group: entry.group, topicId, partition, value: committedOffset(op, each) });
  }
  return outcomes;
}

/** @throws MoldauError UNKNOWN_MEMBER, FENCED_MEMBER_EPOCH, GROUP_NOT_EMPTY, INVALID_REQUEST */
export function checkCommitter(entry: GroupEntry, committer: Committer, count: number): void {
  const facts = groupFacts(entry.group);
  if (count > COMMITTED_OFFSETS_MAX) {
    const limit = String(COMMITTED_OFFSETS_MAX);
    throw new MoldauError('INVALID_REQUEST', `${count} offsets in one commit, the limit is ${limit}`, {
      field: 'offsets',
      value: String(count),
      limit,
    });
  }
  if (committer.type === 'admin') {
    if (entry.memberCount === 0) return;
    const text = `group '${entry.group.groupId}' has ${entry.memberCount} members: only they may commit`;
    throw new MoldauError('GROUP_NOT_EMPTY', text, { ...facts, members: String(entry.memberCount) });
  }
  const { memberId, memberEpoch } = committer;
  if (entry.members === undefined) {
    throw new MoldauError('UNKNOWN_MEMBER', `group '${entry.group.groupId}' has no member '${memberId}'`, { ...facts, member: memberId });
  }
  entry.members.checkMember(memberId, memberEpoch);
}

/** Why an offset can't be taken. */
export function fault(op: Operation, entry: GroupEntry, committer: Committer, each: OffsetToCommit): MoldauError | undefined {
  const { topicId, partition, metadata, retentionMs } = each;
  const place = { topic_id: topicId, partition: String(partition) };
  const topic = op.topics.byId(topicId);
  if (topic?.namespace !== entry.group.namespace) return new MoldauError('UNKNOWN_TOPIC', `no topic has the id ${topicId}`, place);
  if (partition < 0 || partition >= topic.partitions) {
    const facts = { ...place, topic: topic.name, limit: String(topic.partitions) };
    return new MoldauError(
      'UNKNOWN_PARTITION',
      `topic '${topic.name}' has ${topic.partitions} partitions, no partition ${partition}`,
      facts,
    );
  }
  if (!Number.isSafeInteger(each.offset) || each.offset < 0) return invalid('offset', String(each.offset), '0 or more', place);
  const metadataBytes = Buffer.byteLength(metadata);
  if (metadataBytes > OFFSET_METADATA_BYTES_MAX) {
    return invalid('metadata', `${metadataBytes} bytes`, `${OFFSET_METADATA_BYTES_MAX} bytes`, place);
  }
  if (retentionMs !== undefined && !(Number.isSafeInteger(retentionMs) && retentionMs > 0)) {
    return invalid('retention_ms', String(retentionMs), 'more than 0', place);
  }
  if (committer.type === 'member' && entry.members?.ownsSince(committer.memberId, committer.memberEpoch, topicId, partition) !== true) {
    const facts = { ...place, topic: topic.name, member: committer.memberId, member_epoch: String(committer.memberEpoch) };
    const text = `member '${committer.memberId}' does not own partition ${partition} of '${topic.name}' since epoch ${committer.memberEpoch}`;
    return new MoldauError('NOT_PARTITION_OWNER', text, facts);
  }
  return undefined;
}

export function outcomeOf({ topicId, partition }: OffsetToCommit, error: MoldauError | undefined): PartitionOutcome {
  return { topicId, partition, error };
}

export function committedOffset({ now }: Operation, each: OffsetToCommit): CommittedOffset {
  const { leaderEpoch, metadata, retentionMs } = each;
  const expiresAtMs = retentionMs === undefined ? undefined : now.wallMs + retentionMs;
  return { offset: offset(each.offset), leaderEpoch, metadata, committedAtMs: now.wallMs, expiresAtMs };
}

/** A group that is named for the first time has a record of its own from then on. */
export function keepGroup(op: Operation, entry: GroupEntry): void {
  if (entry.value !== undefined) return;
  const value = {
    kind: 'offsets',
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignor: '',
    topicsFingerprint: '',
    emptySinceMs: op.now.wallMs,
  } as const;
  op.emit({ type: 'group', group: entry.group, value });
}

function invalid(field: string, value: string, limit: string, place: Readonly<Record<string, string>>): MoldauError {
  return new MoldauError('INVALID_REQUEST', `${field} is ${value}, the limit is ${limit}`, { ...place, field, value, limit });
}
