import type { GroupEntry } from '../group-entry.ts';
import type { Operation } from '../operation.ts';
import { heartbeat } from './heartbeat.ts';
import { checkStream, type JoinResponse, joinGroup } from './join.ts';
import type { JoinRequest } from './member-request.ts';

/**
 * A member comes back over another connection, having carried out `memberEpoch`: what it gave up is free, and it is told what it
 * holds. Only one whose session goes on does.
 *
 * @throws MoldauError UNKNOWN_MEMBER, FENCED_MEMBER_EPOCH, FENCED_INSTANCE, INVALID_REQUEST
 */
export function rejoinGroup(op: Operation, entry: GroupEntry, request: JoinRequest, memberEpoch: number): JoinResponse {
  const { group, memberId } = request;
  checkStream(entry.consumer.checkMember(memberId, memberEpoch), request);
  heartbeat(op, entry, { group, memberId, memberEpoch, processingForMs: undefined, subscription: undefined });
  return joinGroup(op, entry, request);
}
