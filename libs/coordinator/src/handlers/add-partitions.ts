import { addPartitions as decideAddPartitions } from '@moldau/cluster';
import type { AddPartitionsRequest, AddPartitionsResponse, AddPartitionsTopic, TopicResult } from '@moldau/protocol';
import { awaitImage, topicIsServed } from './await-topic.ts';
import { findTopicByName } from './find-topic.ts';
import { assertItems, perItem } from './per-item.ts';
import type { RequestContext } from './request-context.ts';

/** AddPartitions: answers once the new partitions are led. Until then clients see the old number. */
export async function addPartitions(request: AddPartitionsRequest, context: RequestContext): Promise<AddPartitionsResponse> {
  assertItems('topics', request.topics.length);
  const results = await perItem(
    request.topics,
    (topic) => addToOne(topic, request.dryRun, context),
    (topic, error): TopicResult => ({ name: topic.name, topicId: '', error }),
  );
  return { results };
}

async function addToOne(request: AddPartitionsTopic, dryRun: boolean, context: RequestContext): Promise<TopicResult> {
  const { result } = await context.controller.writer.change((image) => {
    const topic = findTopicByName(image, context.namespace, request.name);
    const writes = decideAddPartitions(image, topic, request.totalPartitions);
    return { writes: dryRun ? [] : writes, result: topic };
  });
  const { topicId, name } = result;
  if (!dryRun)
    await awaitImage(
      context,
      `adding partitions to topic '${name}'`,
      (image) => topicIsServed(image, topicId) || !image.topics.has(topicId),
    );
  return { name, topicId };
}
