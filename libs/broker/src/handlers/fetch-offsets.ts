import { parseGroupId } from '@moldau/groups';
import { groupService } from '@moldau/protocol';
import type { EdgeCalls } from '../groups/edge-calls.ts';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';

/** `GroupService.FetchOffsets`: as the owner of the group knows them after the request arrived. */
export function fetchOffsetsMethod(calls: EdgeCalls): RegisteredMethod {
  return unary(groupService.fetchOffsets, async (request, context) => {
    parseGroupId(request.groupId);
    return calls.call(request.groupId, { $case: 'fetchOffsets', value: request }, context);
  });
}
