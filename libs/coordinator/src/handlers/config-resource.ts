import type { ConfigTarget, MetadataImage } from '@moldau/cluster';
import { parseGroupId } from '@moldau/groups';
import { type BrokerId, MoldauError, type Namespace } from '@moldau/kernel';
import type { ConfigResource } from '@moldau/protocol';
import { findTopicByName } from './find-topic.ts';

/**
 * What a request wants to see or change the settings of.
 * @throws MoldauError INVALID_REQUEST, UNKNOWN_TOPIC, INVALID_TOPIC_NAME, INVALID_GROUP_ID, UNKNOWN_BROKER
 */
export function configTarget(image: MetadataImage, namespace: Namespace, { resource }: ConfigResource): ConfigTarget {
  switch (resource?.$case) {
    case 'topic':
      return { kind: 'topic', topicId: findTopicByName(image, namespace, resource.value).topicId };
    case 'brokerId': {
      const id = resource.value as BrokerId;
      if (!image.brokers.has(id)) throw new MoldauError('UNKNOWN_BROKER', `no broker ${id} is registered`, { broker_id: String(id) });
      return { kind: 'broker', brokerId: id };
    }
    case 'clusterDefaults':
      return { kind: 'cluster' };
    case 'group':
      return { kind: 'group', namespace, groupId: parseGroupId(resource.value) };
    case undefined:
      throw new MoldauError('INVALID_REQUEST', 'a config resource needs a topic, a group, a broker_id or cluster_defaults', {
        field: 'resource',
      });
  }
}
