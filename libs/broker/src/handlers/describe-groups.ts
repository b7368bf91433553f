import { parseGroupId } from '@moldau/groups';
import { MoldauError } from '@moldau/kernel';
import { adminService, errorToItem, type GroupResult } from '@moldau/protocol';
import type { EdgeCalls } from '../groups/edge-calls.ts';
import { unknownGroup } from '../groups/unknown-group.ts';
import { assertCount } from '../produce/produce-terms.ts';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';
import type { RequestContext } from '../request/request-context.ts';

const GROUPS_MAX = 100;

/** `AdminService.DescribeGroups`: each at the owner of its shard, which measures the lag at this moment. */
export function describeGroupsMethod(calls: EdgeCalls): RegisteredMethod {
  return unary(adminService.describeGroups, async ({ groupIds, membersOnly }, context) => {
    assertCount('group_ids', groupIds.length, GROUPS_MAX);
    return { results: await Promise.all(groupIds.map((groupId) => describeGroup(calls, groupId, membersOnly, context))) };
  });
}

async function describeGroup(calls: EdgeCalls, groupId: string, membersOnly: boolean, context: RequestContext): Promise<GroupResult> {
  try {
    parseGroupId(groupId);
    if (!calls.shards.exist('groups')) throw unknownGroup(groupId, context);
    return { groupId, group: await calls.call(groupId, { $case: 'describeGroup', value: { groupId, membersOnly } }, context) };
  } catch (caught) {
    return { groupId, error: errorToItem(MoldauError.from(caught)) };
  }
}
