import type { GroupEntry } from '../group-entry.ts';
import type { GroupRef } from '../group-ref.ts';
import type { Operation } from '../operation.ts';
import { epochOf } from '../partitions/partition-map.ts';
import type { Holding, MemberProfile } from '../record/group-state-record.ts';
import type { StreamsProfile } from '../streams/streams-profile.ts';
import type { JoinedMember } from './consumer-members.ts';
import { raiseGroupEpoch } from './group-change.ts';
import { calledOtherwise } from './join.ts';
import { changeHolding, startRevocation, without } from './reconcile.ts';
import type { Subscription } from './subscription-resolver.ts';

/** A member is alive. */
export interface HeartbeatRequest {
  readonly group: GroupRef;
  readonly memberId: string;
  /**
   * The newest member epoch that it has carried out: it has given up all partitions that it was asked for up to there. While it
   * is busy giving them up it names the one before.
   */
  readonly memberEpoch: number;
  /** For how long it has been working on records it took, in milliseconds. Undefined: it waits for records. */
  readonly processingForMs: number | undefined;
  /** What it subscribes to from now on. Undefined: as before. */
  readonly subscription: Subscription | undefined;
  /** What a member of a stream application says from now on. Undefined: as before. */
  readonly streams?: StreamsProfile | undefined;
}

/** Whether the heartbeat moves timers only. One that will be refused is not quiet: the refusal must be proven to be the owner's. */
export function isQuiet(entry: GroupEntry, { memberId, memberEpoch, subscription, streams }: HeartbeatRequest): boolean {
  const member = entry.consumer.get(memberId);
  if (member === undefined || member.holding.away || subscription !== undefined || streams !== undefined) return false;
  const { profile, holding } = member;
  if (memberEpoch < profile.joinedEpoch || memberEpoch > holding.memberEpoch) return false;
  return !hasReleased(holding, memberEpoch);
}

/** @throws MoldauError UNKNOWN_MEMBER, FENCED_MEMBER_EPOCH */
export function heartbeat(op: Operation, entry: GroupEntry, request: HeartbeatRequest): void {
  const { memberId, memberEpoch, processingForMs, subscription, streams } = request;
  const member = entry.consumer.checkMember(memberId, memberEpoch);
  const { sessionTimeoutMs, processingIntervalMs } = op.settings.settingsOf(entry.group);
  const nowMs = op.now.monotonicMs;
  op.timers.set(entry.group, memberId, 'session', nowMs + sessionTimeoutMs);
  const processingUntilMs = processingForMs === undefined ? undefined : nowMs - processingForMs + processingIntervalMs;
  op.timers.set(entry.group, memberId, 'processing', processingUntilMs);
  if (member.holding.revoking.size > 0) releaseRevoked(op, entry, member, memberEpoch);
  if (subscription !== undefined || streams !== undefined)
    changeSubscription(op, entry, member, { ...subscription, ...(streams && { streams }) });
}

/** What the member was asked for up to `memberEpoch` is free. */
function releaseRevoked(op: Operation, entry: GroupEntry, member: JoinedMember, memberEpoch: number): void {
  const { memberId, holding } = member;
  if (!hasReleased(holding, memberEpoch)) return;
  const revoking = without(holding.revoking, (topicId, partition) => (epochOf(holding.revoking, topicId, partition) ?? 0) <= memberEpoch);
  const gone = (asked: number | undefined): boolean => asked !== undefined && asked <= memberEpoch;
  const held = without(holding.held, (topicId, partition) => gone(epochOf(holding.revoking, topicId, partition)));
  changeHolding(op, entry, memberId, { ...holding, held, revoking });
  if (revoking.size === 0) op.timers.set(entry.group, memberId, 'revocation', undefined);
  else startRevocation(op, entry, member);
}

function hasReleased({ revoking }: Holding, memberEpoch: number): boolean {
  for (const partitions of revoking.values()) for (const asked of partitions.values()) if (asked <= memberEpoch) return true;
  return false;
}

function changeSubscription(op: Operation, entry: GroupEntry, { memberId, profile }: JoinedMember, said: Partial<MemberProfile>): void {
  const changed = { ...profile, ...said };
  if (!calledOtherwise(profile, changed)) return;
  op.emit({ type: 'member', group: entry.group, memberId, value: changed });
  raiseGroupEpoch(op, entry);
}
