import { parseGroupId } from '@moldau/groups';
import { MoldauError } from '@moldau/kernel';
import { adminService, errorToItem, type NamedGroupResult } from '@moldau/protocol';
import type { EdgeCalls } from '../groups/edge-calls.ts';
import { unknownGroup } from '../groups/unknown-group.ts';
import { assertCount } from '../produce/produce-terms.ts';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';
import type { RequestContext } from '../request/request-context.ts';

const GROUPS_MAX = 1_000;
/** Groups that one request has deleted at once: they share appends. */
const DELETIONS_AT_ONCE = 100;

/** `AdminService.DeleteGroups`: each alone, those without members. */
export function deleteGroupsMethod(calls: EdgeCalls): RegisteredMethod {
  return unary(adminService.deleteGroups, async ({ groupIds, dryRun }, context) => {
    assertCount('group_ids', groupIds.length, GROUPS_MAX);
    const results: NamedGroupResult[] = [];
    for (let at = 0; at < groupIds.length; at += DELETIONS_AT_ONCE) {
      const some = groupIds.slice(at, at + DELETIONS_AT_ONCE);
      results.push(...(await Promise.all(some.map((groupId) => deleteGroup(calls, groupId, dryRun, context)))));
    }
    return { results };
  });
}

async function deleteGroup(calls: EdgeCalls, groupId: string, dryRun: boolean, context: RequestContext): Promise<NamedGroupResult> {
  try {
    parseGroupId(groupId);
    if (!calls.shards.exist('groups')) throw unknownGroup(groupId, context);
    await calls.call(groupId, { $case: 'deleteGroup', value: { groupId, dryRun } }, context);
    return { groupId };
  } catch (caught) {
    return { groupId, error: errorToItem(MoldauError.from(caught)) };
  }
}
