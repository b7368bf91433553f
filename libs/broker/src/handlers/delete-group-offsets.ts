import { parseGroupId } from '@moldau/groups';
import {
  adminService,
  type DeleteGroupOffsetsRequest,
  type DeleteGroupOffsetsResponse,
  errorToItem,
  type PartitionResult,
  type TopicIdPartitions,
} from '@moldau/protocol';
import type { EdgeCalls } from '../groups/edge-calls.ts';
import { type NamedPartition, namedPartitions } from '../groups/named-partitions.ts';
import { unknownGroup } from '../groups/unknown-group.ts';
import type { ClusterState } from '../metadata/cluster-state.ts';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';
import type { RequestContext } from '../request/request-context.ts';

/** `AdminService.DeleteGroupOffsets`: of partitions that no member subscribes to. */
export function deleteGroupOffsetsMethod(cluster: ClusterState, calls: EdgeCalls): RegisteredMethod {
  return unary(adminService.deleteGroupOffsets, (request, context) => deleteGroupOffsets(cluster, calls, request, context));
}

async function deleteGroupOffsets(
  cluster: ClusterState,
  calls: EdgeCalls,
  { groupId, partitions, dryRun }: DeleteGroupOffsetsRequest,
  context: RequestContext,
): Promise<DeleteGroupOffsetsResponse> {
  parseGroupId(groupId);
  if (!calls.shards.exist('groups')) throw unknownGroup(groupId, context);
  const named = namedPartitions(cluster.image, context.namespace, partitions);
  const value = { groupId, partitions: byTopicId(named), dryRun };
  const { results } = await calls.call(groupId, { $case: 'deleteOffsets', value }, context);
  const answered = new Map(results.map((result) => [`${result.topicId}/${result.partition}`, result.error]));
  return {
    results: named.map(({ topic, topicId, partition, error }): PartitionResult => {
      const item = error === undefined ? answered.get(`${topicId}/${partition}`) : errorToItem(error);
      return { topic, topicId: topicId ?? '', partition, error: item };
    }),
  };
}

function byTopicId(named: readonly NamedPartition[]): TopicIdPartitions[] {
  const topics = new Map<string, number[]>();
  for (const { topicId, partition } of named) {
    if (topicId === undefined) continue;
    const known = topics.get(topicId);
    if (known === undefined) topics.set(topicId, [partition]);
    else known.push(partition);
  }
  return [...topics].map(([topicId, partitions]) => ({ topicId, partitions }));
}
