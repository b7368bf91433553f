import type { Namespace, TopicId } from '@moldau/kernel';

/** A topic as groups see it. */
export interface TopicView {
  readonly topicId: TopicId;
  readonly namespace: Namespace;
  readonly name: string;
  /** Number of partitions. */
  readonly partitions: number;
  /** Moldau's own: an expression does not subscribe it. */
  readonly internal: boolean;
  /** Racks of the replicas of a partition, each once; empty where brokers name none. */
  readonly racksOf: (partition: number) => readonly string[];
}

/** The cluster's topics at one moment, read only. */
export interface TopicsView {
  /** Another number: the topics may be others. */
  readonly version: number;
  byName(namespace: Namespace, name: string): TopicView | undefined;
  byId(topicId: TopicId): TopicView | undefined;
  inNamespace(namespace: Namespace): Iterable<TopicView>;
}
