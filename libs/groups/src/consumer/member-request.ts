import { MoldauError, parseTopicName } from '@moldau/kernel';
import { type GroupRef, parseGroupId } from '../group-ref.ts';
import { compileTopicPattern } from '../pattern/topic-pattern.ts';
import { checkStreamsProfile, type StreamsProfile } from '../streams/streams-profile.ts';
import type { Subscription } from './subscription-resolver.ts';

/** Longest member, instance and client id, rack and host, in characters: as long as names may be. */
export const IDENTITY_LENGTH_MAX = 249;
/** Most topics that a member names; an expression covers more. */
export const SUBSCRIBED_TOPICS_MAX = 1_000;
/** Most bytes that a member notes about itself: it is in every description of the group. */
export const MEMBER_METADATA_BYTES_MAX = 4_096;
/** Bounds of the time that a member may ask for to give up partitions, in milliseconds. */
export const REBALANCE_TIMEOUT_MS_MIN = 100;
export const REBALANCE_TIMEOUT_MS_MAX = 1_800_000;

/** What a member says when it joins. */
export interface JoinRequest extends Subscription {
  readonly group: GroupRef;
  /** Made by the member for one life of it, a UUID. Joining with it again resumes that life. */
  readonly memberId: string;
  /** Makes it a static member: another life with the same id takes over what this one held. */
  readonly instanceId: string | undefined;
  readonly rack: string | undefined;
  readonly clientId: string;
  readonly clientHost: string;
  readonly metadata: Uint8Array;
  /** How long it may take to give up partitions, in milliseconds. */
  readonly rebalanceTimeoutMs: number;
  /** Which of its streams this is: more for each after the first; 0: it does not number them. */
  readonly attempt: number;
  /** Of a member of a stream application. */
  readonly streams?: StreamsProfile | undefined;
}

/**
 * The request with its topics sorted, each once.
 *
 * @throws MoldauError INVALID_GROUP_ID, INVALID_TOPIC_NAME, INVALID_TOPIC_PATTERN, INVALID_REQUEST with field, value and limit
 */
export function checkJoinRequest(request: JoinRequest): JoinRequest {
  const { memberId, instanceId, rack, clientId, clientHost, metadata, rebalanceTimeoutMs } = request;
  parseGroupId(request.group.groupId);
  checkIdentity('member_id', memberId, 1);
  checkIdentity('instance_id', instanceId ?? '-', 1);
  checkIdentity('rack', rack ?? '-', 1);
  checkIdentity('client_id', clientId, 0);
  checkIdentity('client_host', clientHost, 0);
  if (metadata.length > MEMBER_METADATA_BYTES_MAX) {
    throw invalid('metadata', `${metadata.length} bytes`, `${MEMBER_METADATA_BYTES_MAX} bytes`);
  }
  const timeoutFits = rebalanceTimeoutMs >= REBALANCE_TIMEOUT_MS_MIN && rebalanceTimeoutMs <= REBALANCE_TIMEOUT_MS_MAX;
  if (!Number.isInteger(rebalanceTimeoutMs) || !timeoutFits) {
    throw invalid('rebalance_timeout_ms', String(rebalanceTimeoutMs), `${REBALANCE_TIMEOUT_MS_MIN} to ${REBALANCE_TIMEOUT_MS_MAX}`);
  }
  if (request.streams !== undefined) checkStreamsProfile(request.streams);
  return { ...request, ...checkSubscription(request) };
}

/** @throws MoldauError INVALID_TOPIC_NAME, INVALID_TOPIC_PATTERN, INVALID_REQUEST with field, value and limit */
export function checkSubscription({ topicNames, topicPattern }: Subscription): Subscription {
  if (topicNames.length > SUBSCRIBED_TOPICS_MAX) throw invalid('topic_names', String(topicNames.length), String(SUBSCRIBED_TOPICS_MAX));
  for (const name of topicNames) parseTopicName(name);
  if (topicPattern !== undefined) compileTopicPattern(topicPattern);
  return { topicNames: [...new Set(topicNames)].sort(), topicPattern };
}

function checkIdentity(field: string, value: string, lengthMin: number): void {
  if (value.length < lengthMin || value.length > IDENTITY_LENGTH_MAX) {
    throw invalid(field, value.slice(0, IDENTITY_LENGTH_MAX), `${lengthMin} to ${IDENTITY_LENGTH_MAX} characters`);
  }
}

function invalid(field: string, value: string, limit: string): MoldauError {
  return new MoldauError('INVALID_REQUEST', `${field} is '${value}', the limit is ${limit}`, { field, value, limit });
}
