import { MoldauError } from '@moldau/kernel';
import type { GroupEntry } from '../group-entry.ts';
import { groupFacts } from '../group-ref.ts';
import type { Operation } from '../operation.ts';
import { type EpochedPartitions, EpochGatherer, NO_EPOCHED_PARTITIONS } from '../partitions/partition-map.ts';
import type { Holding, MemberProfile } from '../record/group-state-record.ts';
import type { MemberAssignment } from '../result.ts';
import { equalStreams } from '../streams/streams-profile.ts';
import type { JoinedMember } from './consumer-members.ts';
import { forgetMember, raiseGroupEpoch } from './group-change.ts';
import type { JoinRequest } from './member-request.ts';
import { assignmentOf, changeHolding } from './reconcile.ts';
import { signatureOf } from './subscription-resolver.ts';

/** What a member is told when it has joined. */
export interface JoinResponse {
  readonly assignment: MemberAssignment;
  readonly heartbeatIntervalMs: number;
  readonly sessionTimeoutMs: number;
  readonly processingIntervalMs: number;
}

/**
 * Takes a member in: a new one, one that is a member already (its answer was lost, or it was away), or the next life of a static
 * one, which takes over what that had and fences it.
 *
 * @throws MoldauError GROUP_KIND_MISMATCH, GROUP_FULL, FENCED_INSTANCE, INVALID_REQUEST
 */
export function joinGroup(op: Operation, entry: GroupEntry, request: JoinRequest): JoinResponse {
  const present = entry.consumer.get(request.memberId);
  const predecessor = request.instanceId === undefined ? undefined : entry.consumer.byInstance(request.instanceId);
  checkRoom(op, entry, { isNew: present === undefined && predecessor === undefined });
  if (present !== undefined) {
    checkStream(present, request);
    resume(op, entry, present, request);
  } else if (predecessor === undefined) enter(op, entry, request);
  else succeed(op, entry, predecessor, request);
  const settings = op.settings.settingsOf(entry.group);
  op.timers.set(entry.group, request.memberId, 'session', op.now.monotonicMs + settings.sessionTimeoutMs);
  const holding = entry.consumer.get(request.memberId)?.holding ?? NOTHING;
  const { heartbeatIntervalMs, sessionTimeoutMs, processingIntervalMs } = settings;
  return { assignment: assignmentOf(holding), heartbeatIntervalMs, sessionTimeoutMs, processingIntervalMs };
}

/**
 * Whether a member that is one already may join by this stream: not by an earlier one than the last. Its broker may not know yet that
 * the client is elsewhere, and what it has from the client may be older than what came since.
 *
 * @throws MoldauError FENCED_INSTANCE, INVALID_REQUEST
 */
export function checkStream({ profile }: JoinedMember, { group, memberId, instanceId, attempt }: JoinRequest): void {
  if (attempt < profile.attempt) {
    const facts = { ...groupFacts(group), member: memberId, value: String(attempt), limit: String(profile.attempt) };
    throw new MoldauError('FENCED_INSTANCE', `member '${memberId}' has joined by a later stream`, facts);
  }
  if (profile.instanceId === instanceId) return;
  const facts = { field: 'instance_id', value: instanceId ?? '', limit: profile.instanceId ?? 'none' };
  throw new MoldauError('INVALID_REQUEST', 'a member keeps its instance id', facts);
}

const NOTHING: Holding = { memberEpoch: 0, held: NO_EPOCHED_PARTITIONS, revoking: NO_EPOCHED_PARTITIONS, away: false };

function checkRoom(op: Operation, entry: GroupEntry, { isNew }: { readonly isNew: boolean }): void {
  const { value, memberCount, group } = entry;
  if (value !== undefined && value.kind !== 'consumer' && memberCount > 0) {
    throw new MoldauError('GROUP_KIND_MISMATCH', `group '${group.groupId}' has members of another kind`, {
      ...groupFacts(group),
      kind: value.kind,
    });
  }
  const { maxSize } = op.settings.settingsOf(group);
  if (isNew && memberCount >= maxSize) {
    const facts = { ...groupFacts(group), value: String(memberCount), limit: String(maxSize) };
    throw new MoldauError('GROUP_FULL', `group '${group.groupId}' has ${memberCount} members, the limit is ${maxSize}`, facts);
  }
}

function enter(op: Operation, entry: GroupEntry, request: JoinRequest): void {
  const { group } = entry;
  const { memberId } = request;
  const memberEpoch = entry.nextEpoch();
  op.emit({ type: 'member', group, memberId, value: profileOf(request, memberEpoch) });
  op.emit({ type: 'holding', group, memberId, value: { ...NOTHING, memberEpoch } });
  raiseGroupEpoch(op, entry);
}

/** The same life again. While it was away what it held may have become less; nothing more was given to it. */
function resume(op: Operation, entry: GroupEntry, present: JoinedMember, request: JoinRequest): void {
  const { group } = entry;
  const { memberId } = request;
  const profile = profileOf(request, present.profile.joinedEpoch);
  if (!equalProfiles(present.profile, profile)) op.emit({ type: 'member', group, memberId, value: profile });
  if (present.holding.away) changeHolding(op, entry, memberId, { ...present.holding, memberEpoch: entry.nextEpoch(), away: false });
  if (calledOtherwise(present.profile, profile)) raiseGroupEpoch(op, entry);
}

/** The next life of a static member begins where the last one was; what that was asked for it can't have any more. */
function succeed(op: Operation, entry: GroupEntry, predecessor: JoinedMember, request: JoinRequest): void {
  const { group } = entry;
  const { memberId } = request;
  const memberEpoch = entry.nextEpoch();
  const profile = profileOf(request, memberEpoch);
  forgetMember(op, entry, predecessor.memberId);
  op.emit({ type: 'member', group, memberId, value: profile });
  const held = inherit(predecessor.holding, memberEpoch);
  op.emit({ type: 'holding', group, memberId, value: { memberEpoch, held, revoking: NO_EPOCHED_PARTITIONS, away: false } });
  if (predecessor.target !== undefined)
    op.emit({ type: 'target', group, memberId, value: predecessor.target, following: predecessor.following });
  if (calledOtherwise(predecessor.profile, profile)) raiseGroupEpoch(op, entry);
  if (!predecessor.holding.away) {
    op.notify({ type: 'removed', group, memberId: predecessor.memberId, reason: 'FENCED_INSTANCE' });
  }
}

function inherit({ held, revoking }: Holding, memberEpoch: number): EpochedPartitions {
  const inherited = new EpochGatherer();
  for (const [topicId, partitions] of held) {
    for (const partition of partitions.keys()) {
      if (revoking.get(topicId)?.has(partition) !== true) inherited.add(topicId, partition, memberEpoch);
    }
  }
  return inherited.finish();
}

function profileOf(request: JoinRequest, joinedEpoch: number): MemberProfile {
  const { instanceId, rack, clientId, clientHost, topicNames, topicPattern, metadata, rebalanceTimeoutMs, attempt, streams } = request;
  const said = { instanceId, rack, clientId, clientHost, topicNames, topicPattern, metadata, rebalanceTimeoutMs };
  return { ...said, joinedEpoch, attempt, streams };
}

/** Whether an assignor would see another member. */
export function calledOtherwise(before: MemberProfile, now: MemberProfile): boolean {
  return before.rack !== now.rack || signatureOf(before) !== signatureOf(now) || !equalStreams(before.streams, now.streams);
}

function equalProfiles(one: MemberProfile, other: MemberProfile): boolean {
  const plain =
    one.clientId === other.clientId &&
    one.clientHost === other.clientHost &&
    one.rebalanceTimeoutMs === other.rebalanceTimeoutMs &&
    one.attempt === other.attempt;
  const noted = one.metadata.length === other.metadata.length && one.metadata.every((byte, at) => other.metadata[at] === byte);
  return plain && noted && !calledOtherwise(one, other);
}
