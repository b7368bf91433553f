import { deleteTopic } from '@moldau/cluster';
import type { DeleteTopicsRequest, DeleteTopicsResponse, TopicResult, TopicSelector } from '@moldau/protocol';
import { findTopic } from './find-topic.ts';
import { assertItems, perItem } from './per-item.ts';
import type { RequestContext } from './request-context.ts';

/**
 * DeleteTopics: answers once the deletion is recorded. From then on the name is free and the records are gone for clients;
 * the reconciler and the brokers remove the rest.
 */
export async function deleteTopics(request: DeleteTopicsRequest, context: RequestContext): Promise<DeleteTopicsResponse> {
  assertItems('topics', request.topics.length);
  const results = await perItem(
    request.topics,
    (selector) => deleteOne(selector, request.dryRun, context),
    (selector, error): TopicResult => ({ ...namedBy(selector), error }),
  );
  return { results };
}

async function deleteOne(selector: TopicSelector, dryRun: boolean, context: RequestContext): Promise<TopicResult> {
  const { result } = await context.controller.writer.change((image) => {
    const topic = findTopic(image, context.namespace, selector);
    const writes = deleteTopic(topic, context.deps.clock.wallMs());
    return { writes: dryRun ? [] : writes, result: topic };
  });
  return { name: result.name, topicId: result.topicId };
}

/** What the client said, for an answer that knows no more. */
export function namedBy({ selector }: TopicSelector): { readonly name: string; readonly topicId: string } {
  return { name: selector?.$case === 'name' ? selector.value : '', topicId: selector?.$case === 'topicId' ? selector.value : '' };
}
