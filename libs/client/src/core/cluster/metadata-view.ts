import { type MoldauError, type TopicId, topicId } from '@moldau/kernel';
import { type BrokerMetadata, type GetMetadataResponse, itemToError, type TopicMetadata } from '@moldau/protocol';

/** A partition as the client sees it. */
export interface PartitionView {
  /** Undefined while the partition has no leader. */
  readonly leaderId: number | undefined;
  readonly leaderEpoch: number;
  readonly replicaIds: readonly number[];
}

/** A topic as the client sees it; replaced whole when it changes. */
export interface TopicView {
  readonly topicId: TopicId;
  readonly name: string;
  readonly partitions: readonly PartitionView[];
  /** Longest record batch it takes: `max.message.bytes`. */
  readonly maxMessageBytes: number;
}

/** A broker and where clients reach it. */
export interface BrokerView {
  readonly brokerId: number;
  /** `host:port`. */
  readonly address: string;
  readonly rack: string | undefined;
}

export function brokerView(broker: BrokerMetadata): BrokerView {
  const host = broker.host.includes(':') ? `[${broker.host}]` : broker.host;
  return { brokerId: broker.brokerId, address: `${host}:${broker.port}`, rack: broker.rack };
}

/** What an answer says of a topic: how it is, or why it can't be described. */
export type TopicAnswer = { readonly view: TopicView } | { readonly error: MoldauError };

/**
 * The topic of an answer beside what was known of it. A partition whose leader epoch in the answer is older than the known
 * one keeps the known leader: the broker asked lags behind.
 */
export function topicAnswer(topic: TopicMetadata, known: TopicView | undefined): TopicAnswer {
  if (topic.error !== undefined) return { error: itemToError(topic.error) };
  const same = known?.topicId === topic.topicId ? known : undefined;
  const partitions = topic.partitions.map(({ partition, leaderId, leaderEpoch, replicaIds }): PartitionView => {
    const before = same?.partitions[partition];
    return before !== undefined && before.leaderEpoch > leaderEpoch ? before : { leaderId, leaderEpoch, replicaIds };
  });
  return { view: { topicId: topicId(topic.topicId), name: topic.name, partitions, maxMessageBytes: topic.maxMessageBytes } };
}

/** The cluster in one answer, without topics. */
export interface ClusterView {
  readonly clusterId: string;
  readonly brokers: ReadonlyMap<number, BrokerView>;
}

export function clusterView(response: GetMetadataResponse): ClusterView {
  return {
    clusterId: response.clusterId,
    brokers: new Map(response.brokers.map((broker) => [broker.brokerId, brokerView(broker)])),
  };
}
