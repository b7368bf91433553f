import { type MetadataImage, visibleTopics } from '@moldau/cluster';
import { type BrokerId, MoldauError } from '@moldau/kernel';
import { type GetMetadataRequest, type GetMetadataResponse, metadataService } from '@moldau/protocol';
import type { ClusterState } from '../metadata/cluster-state.ts';
import { describeBrokers, describeSelected, describeTopic } from '../metadata/topic-description.ts';
import type { TopicSettingsCache } from '../partition/topic-settings.ts';
import { assertCount } from '../produce/produce-terms.ts';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';
import type { RequestContext } from '../request/request-context.ts';

const TOPICS_MAX = 10_000;

export interface MetadataDeps {
  readonly cluster: ClusterState;
  readonly settings: TopicSettingsCache;
  readonly brokerId: BrokerId;
}

/** `MetadataService.GetMetadata`: from this broker's image. */
export function getMetadataMethod(deps: MetadataDeps): RegisteredMethod {
  return unary(metadataService.getMetadata, async (request, context) => {
    validateTopicsWanted(request);
    return describeMetadata(deps, deps.cluster.image, request, context);
  });
}

/** @throws MoldauError INVALID_REQUEST */
export function validateTopicsWanted({ topics, allTopics }: Pick<GetMetadataRequest, 'topics' | 'allTopics'>): void {
  assertCount('topics', topics.length, TOPICS_MAX);
  if (!allTopics || topics.length === 0) return;
  const facts = { field: 'topics', value: `${topics.length} items`, limit: 'none with all_topics' };
  throw new MoldauError('INVALID_REQUEST', 'topics must be empty when all_topics is set', facts);
}

/** All that is asked for, as the image shows it. */
export function describeMetadata(
  { settings, brokerId }: MetadataDeps,
  image: MetadataImage,
  { topics, allTopics }: Pick<GetMetadataRequest, 'topics' | 'allTopics'>,
  { namespace, listener }: RequestContext,
): GetMetadataResponse {
  return {
    clusterId: image.cluster?.clusterId ?? '',
    metadataVersion: image.version,
    brokers: describeBrokers(image, listener),
    topics: allTopics
      ? visibleTopics(image, namespace).map((topic) => describeTopic(image, topic, settings))
      : topics.map((selector) => describeSelected(image, namespace, selector, settings)),
    brokerId,
  };
}
