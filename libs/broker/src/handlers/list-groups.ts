import { adminService, type GroupListing, type ListGroupsRequest, type ListGroupsResponse } from '@moldau/protocol';
import type { EdgeCalls } from '../groups/edge-calls.ts';
import { invalidField } from '../produce/produce-terms.ts';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';
import type { RequestContext } from '../request/request-context.ts';

const PAGE_SIZE_DEFAULT = 1_000;
const PAGE_SIZE_MAX = 10_000;

/**
 * `AdminService.ListGroups`: a page by name over all shards, each of which gives what could be in it. The token is the last name
 * of the page before, so a page is right whatever came or went between.
 */
export function listGroupsMethod(calls: EdgeCalls): RegisteredMethod {
  return unary(adminService.listGroups, (request, context) => listGroups(calls, request, context));
}

async function listGroups(calls: EdgeCalls, request: ListGroupsRequest, context: RequestContext): Promise<ListGroupsResponse> {
  const limit = request.pageSize ?? PAGE_SIZE_DEFAULT;
  if (limit < 1 || limit > PAGE_SIZE_MAX) throw invalidField('page_size', limit, `1 … ${PAGE_SIZE_MAX}`);
  if (!calls.shards.exist('groups')) return { groups: [], nextPageToken: '' };
  const value = { after: request.pageToken, limit, transactionStates: [], partitions: [] };
  const shards = Array.from({ length: calls.shards.shards() }, (_, shard) =>
    calls.callShard(shard, { $case: 'listGroups', value }, context),
  );
  const lists = await Promise.all(shards);
  const groups: GroupListing[] = lists.flatMap((list) => list.groups);
  groups.sort((one, other) => (one.groupId < other.groupId ? -1 : 1));
  // A shard that gave a whole page may have more.
  const more = groups.length > limit || lists.some((list) => list.groups.length === limit);
  const page = groups.slice(0, limit);
  return { groups: page, nextPageToken: more ? (page.at(-1)?.groupId ?? '') : '' };
}
