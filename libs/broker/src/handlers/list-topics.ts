import { adminService, type ListTopicsRequest, type ListTopicsResponse } from '@moldau/protocol';
import type { ClusterState } from '../metadata/cluster-state.ts';
import { visibleTopics } from '../metadata/topic-description.ts';
import { invalidField } from '../produce/produce-terms.ts';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';
import type { RequestContext } from '../request/request-context.ts';

const PAGE_SIZE_DEFAULT = 1_000;
const PAGE_SIZE_MAX = 10_000;

/** `AdminService.ListTopics`: from this broker's image, by name; the page token is the last name of the page before. */
export function listTopicsMethod(cluster: ClusterState): RegisteredMethod {
  return unary(adminService.listTopics, async (request, context) => listTopics(cluster, request, context));
}

function listTopics(cluster: ClusterState, request: ListTopicsRequest, { namespace }: RequestContext): ListTopicsResponse {
  const pageSize = request.pageSize ?? PAGE_SIZE_DEFAULT;
  if (pageSize < 1 || pageSize > PAGE_SIZE_MAX) throw invalidField('page_size', pageSize, `1 … ${PAGE_SIZE_MAX}`);
  const rest = visibleTopics(cluster.image, namespace).filter(
    ({ name, internal }) => name > request.pageToken && (request.includeInternal || !internal),
  );
  const page = rest.slice(0, pageSize);
  return {
    topics: page.map(({ name, topicId, readyPartitions, replicationFactor, internal }) => ({
      name,
      topicId,
      partitions: readyPartitions,
      replicationFactor,
      internal,
    })),
    nextPageToken: rest.length > page.length ? (page.at(-1)?.name ?? '') : '',
  };
}
