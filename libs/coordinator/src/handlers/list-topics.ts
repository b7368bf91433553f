import type { TopicImage } from '@moldau/cluster';
import { MoldauError } from '@moldau/kernel';
import type { ListTopicsRequest, ListTopicsResponse } from '@moldau/protocol';
import type { RequestContext } from './request-context.ts';

const PAGE_SIZE_DEFAULT = 1_000;
const PAGE_SIZE_MAX = 10_000;

/** ListTopics: the namespace's topics that clients may see, by name; the page token is the last name. */
export function listTopics(request: ListTopicsRequest, context: RequestContext): ListTopicsResponse {
  const pageSize = request.pageSize ?? PAGE_SIZE_DEFAULT;
  if (pageSize < 1 || pageSize > PAGE_SIZE_MAX) {
    const facts = { field: 'page_size', value: String(pageSize), limit: String(PAGE_SIZE_MAX) };
    throw new MoldauError('INVALID_REQUEST', `page_size ${pageSize}: 1 to ${PAGE_SIZE_MAX} are allowed`, facts);
  }
  const seen = (topic: TopicImage): boolean =>
    topic.namespace === context.namespace &&
    topic.readyPartitions > 0 &&
    (request.includeInternal || !topic.internal) &&
    topic.name > request.pageToken;
  const found = [...context.keeper.image().topics.values()].filter(seen).sort((left, right) => (left.name < right.name ? -1 : 1));
  const page = found.slice(0, pageSize);
  return {
    topics: page.map(({ name, topicId, readyPartitions, replicationFactor, internal }) => ({
      name,
      topicId,
      partitions: readyPartitions,
      replicationFactor,
      internal,
    })),
    nextPageToken: found.length > pageSize ? (page.at(-1)?.name ?? '') : '',
  };
}
