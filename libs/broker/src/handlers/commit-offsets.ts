import { parseGroupId } from '@moldau/groups';
import { type CommitOffsetsRequest, type CommitOffsetsResponse, groupService } from '@moldau/protocol';
import type { EdgeCalls } from '../groups/edge-calls.ts';
import { mergeResults } from '../groups/merge-results.ts';
import type { OffsetEnds } from '../groups/offset-ends.ts';
import { assertCount } from '../produce/produce-terms.ts';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';
import type { RequestContext } from '../request/request-context.ts';

const OFFSETS_MAX = 10_000;

/** `GroupService.CommitOffsets`: refuses offsets beyond the end of their log; the owner of the group decides the rest. */
export function commitOffsetsMethod(calls: EdgeCalls, ends: OffsetEnds): RegisteredMethod {
  return unary(groupService.commitOffsets, (request, context) => commitOffsets(calls, ends, request, context));
}

async function commitOffsets(
  calls: EdgeCalls,
  ends: OffsetEnds,
  request: CommitOffsetsRequest,
  context: RequestContext,
): Promise<CommitOffsetsResponse> {
  parseGroupId(request.groupId);
  assertCount('offsets', request.offsets.length, OFFSETS_MAX);
  const faults = await ends.check(request.offsets, context);
  const offsets = faults.size === 0 ? request.offsets : request.offsets.filter((_, at) => !faults.has(at));
  const { results } = await calls.call(request.groupId, { $case: 'commitOffsets', value: { ...request, offsets } }, context);
  return { results: mergeResults(request.offsets, faults, results) };
}
