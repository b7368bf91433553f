import { type MetadataImage, type TopicImage, topicByName } from '@moldau/cluster';
import { isUuid, MoldauError, type Namespace, parseTopicName, type TopicId } from '@moldau/kernel';
import type { TopicSelector } from '@moldau/protocol';

/**
 * The topic that a client names, in its namespace only.
 * @throws MoldauError UNKNOWN_TOPIC, TOPIC_BEING_DELETED (by id), INVALID_TOPIC_NAME, INVALID_REQUEST
 */
export function findTopic(image: MetadataImage, namespace: Namespace, selector: TopicSelector): TopicImage {
  switch (selector.selector?.$case) {
    case 'name':
      return findTopicByName(image, namespace, selector.selector.value);
    case 'topicId':
      return findTopicById(image, namespace, selector.selector.value);
    case undefined:
      throw new MoldauError('INVALID_REQUEST', 'a topic selector needs a name or a topic_id', { field: 'selector' });
  }
}

export function findTopicByName(image: MetadataImage, namespace: Namespace, name: string): TopicImage {
  const topic = topicByName(image, namespace, parseTopicName(name));
  if (topic === undefined) throw new MoldauError('UNKNOWN_TOPIC', `no topic '${name}' in namespace '${namespace}'`, { name, namespace });
  return topic;
}

function findTopicById(image: MetadataImage, namespace: Namespace, topicId: string): TopicImage {
  const topic = isUuid(topicId) ? image.topics.get(topicId as TopicId) : undefined;
  if (topic === undefined || topic.namespace !== namespace)
    throw new MoldauError('UNKNOWN_TOPIC', `no topic has the id '${topicId}'`, { topic_id: topicId });
  if (topic.state === 'deleting')
    throw new MoldauError('TOPIC_BEING_DELETED', `topic '${topic.name}' is being deleted`, { topic_id: topicId, name: topic.name });
  return topic;
}
