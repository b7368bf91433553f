import { MoldauError } from '@moldau/kernel';
import type { MembershipRequest, StreamsMember } from '@moldau/protocol';
import type { GroupSettings } from './group-settings.ts';
import type { GroupSubscription } from './group-types.ts';

/** `attempt`: which stream of the member it is. */
export function joinMessage(
  settings: GroupSettings,
  { memberId, attempt }: { readonly memberId: string; readonly attempt: number },
  subscription: GroupSubscription,
): MembershipRequest {
  const { group, instanceId, rack, metadata, rebalanceTimeoutMs } = settings;
  const streams = wireStreams(settings);
  const { topics = [], pattern: topicPattern } = subscription;
  const topicNames = [...topics];
  const value = { groupId: group, memberId, instanceId, rack, topicNames, topicPattern, metadata, rebalanceTimeoutMs, attempt, streams };
  return { frame: { $case: 'join', value } };
}

export function heartbeatMessage(memberEpoch: number, processingForMs: number | undefined): MembershipRequest {
  const whole = processingForMs === undefined ? undefined : Math.floor(processingForMs);
  return { frame: { $case: 'heartbeat', value: { memberEpoch, processingForMs: whole } } };
}

export function subscribeMessage(settings: GroupSettings, { topics = [], pattern }: GroupSubscription): MembershipRequest {
  const value = { topicNames: [...topics], topicPattern: pattern, streams: wireStreams(settings) };
  return { frame: { $case: 'subscribe', value } };
}

function wireStreams({ streams }: GroupSettings): StreamsMember | undefined {
  if (streams === undefined) return undefined;
  const parts = streams.parts.map(({ topics, stateful }) => ({ topicNames: [...topics], stateful }));
  const lags = streams.lags().map(({ part, partition, records }) => ({ task: { part, partition }, records }));
  return { processId: streams.processId, parts, lags };
}

/** What the end of a membership's stream means for the member. */
export type StreamEnd =
  /** It is a member still, perhaps: the stream is opened anew. */
  | 'again'
  /** Its membership is over; it becomes another member. */
  | 'over'
  /** The same, and it took too long with its records: not before it asks for more. */
  | 'slow'
  /** It can't be a member. */
  | 'final';

export function meaningOf({ reason, retriable }: MoldauError): StreamEnd {
  switch (reason) {
    case 'UNKNOWN_MEMBER':
    case 'FENCED_MEMBER_EPOCH':
    case 'MEMBER_SESSION_EXPIRED':
    case 'REVOCATION_TIMED_OUT':
      return 'over';
    case 'PROCESSING_TIMED_OUT':
      return 'slow';
    // The join of a stream that it gave up came late, after that of this stream.
    case 'MEMBER_MOVED':
      return 'again';
    default:
      return retriable || reason === 'CANCELLED' ? 'again' : 'final';
  }
}

export function streamEnded(brokerId: number): MoldauError {
  return new MoldauError('CONNECTION_FAILED', `broker ${brokerId} ended the membership's stream`, { broker_id: String(brokerId) });
}

export function goingAway(brokerId: number, message: string): MoldauError {
  return new MoldauError('SHUTTING_DOWN', `broker ${brokerId} is about to stop: ${message}`, { broker_id: String(brokerId) });
}

export function joinUnanswered(brokerId: number, limitMs: number): MoldauError {
  const facts = { broker_id: String(brokerId), limit: `${limitMs} ms` };
  return new MoldauError('REQUEST_TIMED_OUT', `broker ${brokerId} did not answer a join`, facts);
}

export function sessionOver(group: string, memberId: string, sessionTimeoutMs: number): MoldauError {
  const facts = { group, member_id: memberId, limit: `${sessionTimeoutMs} ms` };
  return new MoldauError('MEMBER_SESSION_EXPIRED', `no broker took the member of group '${group}' back within its session timeout`, facts);
}
