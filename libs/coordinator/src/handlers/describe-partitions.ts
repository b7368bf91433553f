import { isReassigning, type MetadataImage, type PartitionImage, type TopicImage, visibleTopics } from '@moldau/cluster';
import { MoldauError } from '@moldau/kernel';
import {
  type DescribePartitionsRequest,
  type DescribePartitionsResponse,
  errorToItem,
  type ListPartitionReassignmentsRequest,
  type ListPartitionReassignmentsResponse,
  type PartitionDescription,
  PartitionFilter,
  type TopicResult,
  type TopicSelector,
} from '@moldau/protocol';
import { namedBy } from './delete-topics.ts';
import { findTopic } from './find-topic.ts';
import { assertItems } from './per-item.ts';
import type { RequestContext } from './request-context.ts';

const PAGE_SIZE_DEFAULT = 1_000;
const PAGE_SIZE_MAX = 10_000;

/** DescribePartitions: who leads and who follows, of topics in the order of their names. */
export function describePartitions(request: DescribePartitionsRequest, context: RequestContext): DescribePartitionsResponse {
  assertItems('topics', request.topics.length);
  const { pageSize = PAGE_SIZE_DEFAULT, pageToken, filter } = request;
  if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > PAGE_SIZE_MAX) {
    const facts = { page_size: String(pageSize), limit: String(PAGE_SIZE_MAX) };
    throw new MoldauError('INVALID_REQUEST', `page size ${pageSize}: 1 to ${PAGE_SIZE_MAX} are allowed`, facts);
  }
  const { topics, errors } = selected(context.keeper.image(), request.topics, context);
  const after = parseToken(pageToken);
  const partitions: PartitionDescription[] = [];
  for (const topic of topics) {
    if (topic.name < after.name) continue;
    const first = topic.name === after.name ? after.index + 1 : 0;
    for (let index = first; index < topic.readyPartitions; index += 1) {
      const partition = topic.partitions.get(index);
      if (partition === undefined || !isWanted(partition, filter)) continue;
      if (partitions.length === pageSize) return { partitions, nextPageToken: tokenOf(partitions.at(-1)), errors };
      partitions.push(describe(topic, index, partition));
    }
  }
  return { partitions, nextPageToken: '', errors };
}

/** ListPartitionReassignments: the same of those that are being moved. */
export function listPartitionReassignments(
  { topics, pageSize, pageToken }: ListPartitionReassignmentsRequest,
  context: RequestContext,
): ListPartitionReassignmentsResponse {
  return describePartitions({ topics, pageSize, pageToken, filter: PartitionFilter.REASSIGNING }, context);
}

function selected(image: MetadataImage, selectors: readonly TopicSelector[], { namespace }: RequestContext) {
  const errors: TopicResult[] = [];
  const found = new Set<TopicImage>(selectors.length === 0 ? visibleTopics(image, namespace) : []);
  for (const selector of selectors) {
    try {
      found.add(findTopic(image, namespace, selector));
    } catch (error) {
      if (!(error instanceof MoldauError)) throw error;
      errors.push({ ...namedBy(selector), error: errorToItem(error) });
    }
  }
  const topics = [...found].sort((left, right) => (left.name < right.name ? -1 : 1));
  return { topics, errors };
}

function isWanted(partition: PartitionImage, filter: PartitionFilter): boolean {
  switch (filter) {
    case PartitionFilter.UNSPECIFIED:
      return true;
    case PartitionFilter.UNDER_REPLICATED:
      return partition.isr.length < partition.replicas.length;
    case PartitionFilter.UNDER_MIN_ISR:
      return partition.isr.length < partition.minIsr;
    case PartitionFilter.OFFLINE:
      return partition.leader === undefined;
    case PartitionFilter.REASSIGNING:
      return isReassigning(partition);
    case PartitionFilter.NOT_PREFERRED:
      return partition.leader !== partition.replicas[0];
    case PartitionFilter.UNRECOGNIZED:
      throw new MoldauError('INVALID_REQUEST', 'no such filter of partitions', { field: 'filter' });
  }
}

function describe({ name, topicId }: TopicImage, index: number, partition: PartitionImage): PartitionDescription {
  return {
    topic: name,
    topicId,
    partition: index,
    leaderId: partition.leader,
    leaderEpoch: partition.leaderEpoch,
    partitionEpoch: partition.partitionEpoch,
    replicaIds: [...partition.replicas],
    inSyncReplicaIds: [...partition.isr],
    eligibleLeaderIds: [...partition.elr],
    lastKnownLeaderIds: [...partition.lastKnownElr],
    addingIds: [...partition.adding],
    removingIds: [...partition.removing],
    minInSyncReplicas: partition.minIsr,
    lossyEpoch: partition.lossyEpoch,
  };
}

/** A token names the last partition of its page: `<topic>/<index>`; no topic's name has a slash. */
function tokenOf(last: PartitionDescription | undefined): string {
  return last === undefined ? '' : `${last.topic}/${last.partition}`;
}

function parseToken(token: string): { readonly name: string; readonly index: number } {
  if (token === '') return { name: '', index: -1 };
  const [name = '', index = ''] = token.split('/');
  if (/^\d{1,10}$/.test(index)) return { name, index: Number(index) };
  throw new MoldauError('INVALID_REQUEST', `page token '${token}' is not one of this call's`, { field: 'page_token', value: token });
}
