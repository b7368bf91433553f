import type { TopicImage } from '@moldau/cluster';
import { MoldauError } from '@moldau/kernel';
import type { PartitionSelector } from '@moldau/protocol';
import type { ClusterState } from '../metadata/cluster-state.ts';
import { visibleTopic } from '../metadata/topic-description.ts';
import type { RequestContext } from '../request/request-context.ts';
import type { Partition } from './partition.ts';
import type { PartitionLocator } from './partition-locator.ts';

/** Partitions here that operators name, by their topic's name or id. */
export class SelectedPartitions {
  readonly #cluster: ClusterState;
  readonly locator: PartitionLocator;

  constructor(cluster: ClusterState, locator: PartitionLocator) {
    this.#cluster = cluster;
    this.locator = locator;
  }

  /** The topic; undefined where the caller knows none of that name or id. @throws MoldauError INVALID_REQUEST, INVALID_TOPIC_NAME */
  topic({ topic: selector }: PartitionSelector, { namespace }: RequestContext): TopicImage | undefined {
    if (selector === undefined) throw new MoldauError('INVALID_REQUEST', 'a partition names no topic', { field: 'topic' });
    return visibleTopic(this.#cluster.image, namespace, selector);
  }

  /** The replica here. @throws MoldauError INVALID_REQUEST, INVALID_TOPIC_NAME, UNKNOWN_TOPIC, UNKNOWN_PARTITION, NOT_LEADER */
  find(asked: PartitionSelector, context: RequestContext): Partition {
    const topicId = this.topic(asked, context)?.topicId ?? String(asked.topic?.selector?.value);
    return this.locator.locate(topicId, asked.partition, context);
  }
}
