import { createTopic } from '@moldau/cluster';
import { topicId as brandTopicId } from '@moldau/kernel';
import type { CreateTopicResult, CreateTopicsRequest, CreateTopicsResponse, NewTopic } from '@moldau/protocol';
import { awaitImage, topicIsServed } from './await-topic.ts';
import { assertItems, perItem } from './per-item.ts';
import type { RequestContext } from './request-context.ts';

/** CreateTopics: each topic is a decision of its own; answers once its partitions are led. */
export async function createTopics(request: CreateTopicsRequest, context: RequestContext): Promise<CreateTopicsResponse> {
  assertItems('topics', request.topics.length);
  const results = await perItem(
    request.topics,
    (topic) => createOne(topic, request.dryRun, context),
    (topic, error): CreateTopicResult => ({ name: topic.name, topicId: '', partitions: 0, replicationFactor: 0, error }),
  );
  return { results };
}

async function createOne(topic: NewTopic, dryRun: boolean, context: RequestContext): Promise<CreateTopicResult> {
  const { deps, settings, controller, namespace } = context;
  const topicId = brandTopicId(deps.ids.uuid());
  const { name, partitions, replicationFactor, configs } = topic;
  const { result } = await controller.writer.change((image) => {
    const wallMs = deps.clock.wallMs();
    const request = { namespace, name, partitions, replicationFactor, configs, internal: false };
    const plan = createTopic(image, request, { topicId, wallMs, random: deps.random, fixed: settings.fixedConfigs });
    return { writes: dryRun ? [] : plan.writes, result: plan };
  });
  if (!dryRun)
    await awaitImage(context, `creating topic '${name}'`, (image) => topicIsServed(image, topicId) || !image.topics.has(topicId));
  return { name, topicId: dryRun ? '' : topicId, partitions: result.partitions, replicationFactor: result.replicationFactor };
}
