import { type TopicId, topicId } from '@moldau/kernel';
import type { BrokerMetadata, GetMetadataResponse, TopicMetadata } from '@moldau/protocol';

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

/**
 * The topic of an answer beside what was known of it. A partition whose leader epoch in the answer is older than the known
 * one keeps the known leader: the broker asked lags behind.
 */
export function mergeTopic(topic: TopicMetadata, known: TopicView | undefined): TopicView {
  const same = known?.topicId === topic.topicId ? known : undefined;
  const partitions = topic.partitions.map(({ partition, leaderId, leaderEpoch, replicaIds }): PartitionView => {
    const before = same?.partitions[partition];
    return before !== undefined && before.leaderEpoch > leaderEpoch ? before : { leaderId, leaderEpoch, replicaIds };
  });
  return { topicId: topicId(topic.topicId), name: topic.name, partitions, maxMessageBytes: topic.maxMessageBytes };
}

/** Whether the topic is another than the known one, or has partitions or leaders that were not known. */
export function isNews(view: TopicView, known: TopicView): boolean {
  if (view === known) return false;
  if (view.topicId !== known.topicId || view.partitions.length !== known.partitions.length) return true;
  return view.partitions.some(({ leaderEpoch }, index) => leaderEpoch > (known.partitions[index]?.leaderEpoch ?? -1));
}

/** The cluster in one answer, without topics. */
export interface ClusterView {
  readonly clusterId: string;
  /** Rises with each change of the metadata, the same on all brokers. */
  readonly version: number;
  readonly brokers: ReadonlyMap<number, BrokerView>;
}

export function clusterView({ clusterId, metadataVersion, brokers }: Omit<GetMetadataResponse, 'topics' | 'brokerId'>): ClusterView {
  return { clusterId, version: metadataVersion, brokers: new Map(brokers.map((broker) => [broker.brokerId, brokerView(broker)])) };
}
