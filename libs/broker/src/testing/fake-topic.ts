import { encodeMessage, FlushMode, PartitionRecord, TopicRecord, TopicState } from '@moldau/protocol';

export interface FakeTopicOptions {
  readonly partitions?: number;
  readonly configs?: Readonly<Record<string, string>>;
  readonly minIsr?: number;
  readonly flush?: 'sync' | 'async';
  readonly namespace?: string;
  /** Default: broker 1. */
  readonly leader?: number;
  readonly replicas?: readonly number[];
  readonly internal?: boolean;
}

/** The record of an active topic. */
export function topicRecord(
  topicId: string,
  name: string,
  { partitions = 1, namespace = 'default', internal = false }: FakeTopicOptions,
): Uint8Array {
  return encodeMessage(TopicRecord, {
    topicId,
    namespace,
    name,
    partitions,
    readyPartitions: partitions,
    replicationFactor: 1,
    state: TopicState.ACTIVE,
    createdAtMs: 0,
    internal,
  });
}

/** The record of a partition whose leader is in that life; all replicas are in sync. */
export function partitionRecord(options: FakeTopicOptions, leaderEpoch: number, leaderBrokerEpoch: number): Uint8Array {
  const leader = options.leader ?? 1;
  const replicas = [...(options.replicas ?? [leader])];
  return encodeMessage(PartitionRecord, {
    leader,
    leaderEpoch,
    partitionEpoch: leaderEpoch,
    replicas,
    isr: replicas,
    elr: [],
    lastKnownElr: [],
    lastKnownEnds: [],
    minIsr: options.minIsr ?? 1,
    flush: options.flush === 'async' ? FlushMode.ASYNC : FlushMode.SYNC,
    adding: [],
    removing: [],
    leaderBrokerEpoch,
  });
}
