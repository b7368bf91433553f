import { configKey } from '@moldau/cluster';
import { type TopicId, topicId as toTopicId } from '@moldau/kernel';
import { adminService, type DescribeTopicsRequest, type DescribeTopicsResponse } from '@moldau/protocol';
import type { ClusterState } from '../metadata/cluster-state.ts';
import { describeSelected } from '../metadata/topic-description.ts';
import type { TopicSettingsCache } from '../partition/topic-settings.ts';
import { assertCount } from '../produce/produce-terms.ts';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';
import type { RequestContext } from '../request/request-context.ts';

const TOPICS_MAX = 1_000;

/** `AdminService.DescribeTopics`: from this broker's image. */
export function describeTopicsMethod(cluster: ClusterState, settings: TopicSettingsCache): RegisteredMethod {
  return unary(adminService.describeTopics, async (request, context) => describeTopics(cluster, settings, request, context));
}

function describeTopics(
  cluster: ClusterState,
  settings: TopicSettingsCache,
  request: DescribeTopicsRequest,
  { namespace }: RequestContext,
): DescribeTopicsResponse {
  assertCount('topics', request.topics.length, TOPICS_MAX);
  const { image } = cluster;
  return {
    topics: request.topics.map((selector) => {
      const topic = describeSelected(image, namespace, selector, settings);
      const id: TopicId | undefined = topic.topicId === '' ? undefined : toTopicId(topic.topicId);
      return {
        topic,
        replicationFactor: id === undefined ? 0 : (image.topics.get(id)?.replicationFactor ?? 0),
        configs: new Map(id === undefined ? [] : (image.configs.get(configKey({ kind: 'topic', topicId: id }))?.values ?? [])),
      };
    }),
  };
}
