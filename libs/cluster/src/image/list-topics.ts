import { MoldauError, type Namespace } from '@moldau/kernel';
import type { ListTopicsRequest, ListTopicsResponse } from '@moldau/protocol';
import type { MetadataImage, TopicImage } from './metadata-image.ts';

/** Topics of a page unless the request says otherwise, and at most. */
const PAGE_SIZE_DEFAULT = 1_000;
const PAGE_SIZE_MAX = 10_000;

/** Whether clients of the namespace may see the topic. */
export function isVisible(topic: TopicImage, namespace: Namespace): boolean {
  return topic.namespace === namespace && topic.state !== 'deleting' && topic.readyPartitions > 0;
}

/** All topics that clients of the namespace may see, by name. */
export function visibleTopics(image: MetadataImage, namespace: Namespace): TopicImage[] {
  const topics = [...image.topics.values()].filter((topic) => isVisible(topic, namespace));
  return topics.sort((left, right) => (left.name < right.name ? -1 : 1));
}

/**
 * `AdminService.ListTopics` of whoever holds an image: a page of the topics that clients of the namespace may see, by
 * name. The page token is the last name of the page before, so a page is right whatever was created or deleted between.
 *
 * @throws MoldauError INVALID_REQUEST when page_size is outside its limits
 */
export function listTopics(image: MetadataImage, namespace: Namespace, request: ListTopicsRequest): ListTopicsResponse {
  const pageSize = request.pageSize ?? PAGE_SIZE_DEFAULT;
  if (pageSize < 1 || pageSize > PAGE_SIZE_MAX) {
    const facts = { field: 'page_size', value: String(pageSize), limit: `1 … ${PAGE_SIZE_MAX}` };
    throw new MoldauError('INVALID_REQUEST', `page_size is ${pageSize}; allowed: ${facts.limit}`, facts);
  }
  const rest = visibleTopics(image, namespace).filter(
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
