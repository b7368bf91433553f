import { type CallHandlers, MoldauError, type Scheduler } from '@moldau/kernel';
import { type AbortedTransaction, errorToItem, type ProduceBatch, type TopicMetadata, type TopicSelector } from '@moldau/protocol';
import { fakeAdminHandlers } from './fake-admin.ts';
import { fakeFetchHandlers } from './fake-fetch.ts';
import { FakeGroup } from './fake-group.ts';
import { fakeGroupAdminHandlers } from './fake-group-admin.ts';
import { fakeGroupHandlers } from './fake-groups.ts';
import { type FakeWatch, fakeMetadataHandlers } from './fake-metadata.ts';
import { FakePartition } from './fake-partition.ts';
import { fakeProduceHandlers } from './fake-produce.ts';
import { fakeTransactionAdminHandlers } from './fake-transaction-admin.ts';
import { FakeTransactions } from './fake-transactions.ts';

/** What becomes of a batch that has reached its leader, where it is not simply appended and answered. */
export type ProduceFault =
  /** Answered with this error, not appended. */
  | { readonly t: 'refuse'; readonly error: MoldauError }
  /** Appended, and answered with this error. */
  | { readonly t: 'append-and-refuse'; readonly error: MoldauError }
  /** The stream breaks: before the append, or between append and answer. */
  | { readonly t: 'break'; readonly appended: boolean }
  /** Appended, never answered. */
  | { readonly t: 'silence' }
  /** Neither appended nor answered. */
  | { readonly t: 'ignore' };

/** Scripted behaviour; what is not set is normal. */
export interface FakeFaults {
  produce?: (batch: ProduceBatch, brokerId: number) => ProduceFault | undefined;
  /** Added to the time of each answer of a produce stream. */
  answerDelayMs?: () => number;
  metadata?: (brokerId: number) => MoldauError | undefined;
  /** Refuses WatchMetadata. */
  watch?: (brokerId: number) => MoldauError | undefined;
  /** Whether the broker keeps what has changed from its watchers for now: its own metadata lags behind. */
  silentWatch?: (brokerId: number) => boolean;
  initProducer?: () => MoldauError | undefined;
  /** Refuses a stream of a membership. */
  membership?: (brokerId: number) => MoldauError | undefined;
  /** What becomes of a member's commit: refused, or neither done nor answered. */
  commit?: (memberId: string) => MoldauError | 'silence' | undefined;
  fetchOffsets?: () => MoldauError | undefined;
}

export interface FakeTopic {
  readonly topicId: string;
  readonly name: string;
  readonly maxMessageBytes: number;
  readonly partitions: FakePartition[];
}

/** What one broker of the fake cluster tells a stream it serves, for specs that make it leave. */
export interface FakeStream {
  goAway(): void;
  break(): void;
}

const MAX_MESSAGE_BYTES = 1024 * 1024;

/**
 * A cluster of brokers in memory that speak the real protocol over any transport: metadata, produce and fetch with the real
 * checks, and faults by script. One truth, shared by its brokers: there is no replication.
 */
export class FakeCluster {
  readonly scheduler: Scheduler;
  readonly faults: FakeFaults = {};
  readonly transactions = new FakeTransactions(this);
  readonly topics = new Map<string, FakeTopic>();
  /** Address of each broker that is up. */
  readonly brokers = new Map<number, { readonly host: string; readonly port: number }>();
  /** Open produce and fetch streams by broker. */
  readonly streams = new Map<number, Set<FakeStream>>();
  /** Open streams of changes. */
  readonly watches = new Set<FakeWatch>();
  /** Calls of GetMetadata that were answered. */
  metadataRequests = 0;
  /** Sent with all that a read_committed reader fetches. */
  abortedTransactions: readonly AbortedTransaction[] = [];
  /** Limit that produce streams are told. */
  maxUnansweredBytes = 16 * 1024 * 1024;
  produceMessages = 0;
  /** Rises with each change of the metadata. */
  version = 0;
  readonly groups = new Map<string, FakeGroup>();
  readonly #listeners = new Set<() => void>();
  #topicCount = 0;
  #producerIds = 100;

  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
  }

  /** The handlers of one broker, which is up from now on. */
  addBroker(brokerId: number, host: string, port: number): CallHandlers {
    this.brokers.set(brokerId, { host, port });
    this.streams.set(brokerId, new Set());
    this.changed();
    return new Map([
      ...fakeMetadataHandlers(this, brokerId),
      ...fakeProduceHandlers(this, brokerId),
      ...fakeFetchHandlers(this, brokerId),
      ...fakeGroupHandlers(this, brokerId),
      ...fakeGroupAdminHandlers(this),
      ...fakeAdminHandlers(this),
      ...this.transactions.handlers(),
      ...fakeTransactionAdminHandlers(this),
    ]);
  }

  removeBroker(brokerId: number): void {
    this.brokers.delete(brokerId);
    this.changed();
  }

  /** Called after each change of the metadata. Returns the way to stop. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The metadata has changed: another version. */
  changed(): void {
    this.version += 1;
    for (const listener of this.#listeners) listener();
  }

  /** Partitions are led by the brokers in turn. */
  createTopic(name: string, partitions = 1, maxMessageBytes = MAX_MESSAGE_BYTES): FakeTopic {
    this.#topicCount += 1;
    const topicId = `00000000-0000-4000-8000-${String(this.#topicCount).padStart(12, '0')}`;
    const topic: FakeTopic = { topicId, name, maxMessageBytes, partitions: [] };
    this.topics.set(name, topic);
    this.addPartitions(name, partitions);
    return topic;
  }

  addPartitions(name: string, total: number): void {
    const topic = this.topics.get(name);
    if (topic === undefined) throw new MoldauError('UNKNOWN_TOPIC', `no topic '${name}'`);
    const leaders = [...this.brokers.keys()];
    for (let index = topic.partitions.length; index < total; index++) {
      const place = { topicId: topic.topicId, index, leaderId: leaders[index % leaders.length] ?? 0 };
      topic.partitions.push(new FakePartition(place, topic.maxMessageBytes, () => this.changed()));
    }
    this.changed();
  }

  deleteTopic(name: string): void {
    const topic = this.topics.get(name);
    this.topics.delete(name);
    for (const partition of topic?.partitions ?? []) partition.notify();
    this.changed();
  }

  /** The group, which comes to be when it is first named. */
  group(groupId: string): FakeGroup {
    const known = this.groups.get(groupId);
    if (known !== undefined) return known;
    const group = new FakeGroup(this);
    this.groups.set(groupId, group);
    this.listen(() => group.rebalance());
    return group;
  }

  partition(topicId: string, index: number): FakePartition {
    for (const topic of this.topics.values()) {
      if (topic.topicId !== topicId) continue;
      const partition = topic.partitions[index];
      if (partition === undefined) throw new MoldauError('UNKNOWN_PARTITION', `no partition ${index}`);
      return partition;
    }
    throw new MoldauError('UNKNOWN_TOPIC', `no topic ${topicId}`);
  }

  nextProducerId(): number {
    this.#producerIds += 1;
    return this.#producerIds;
  }

  describeTopic({ selector }: TopicSelector): TopicMetadata {
    const found = [...this.topics.values()].find(({ name, topicId }) => selector?.value === name || selector?.value === topicId);
    const name = selector?.$case === 'name' ? selector.value : '';
    if (found === undefined) {
      const error = errorToItem(new MoldauError('UNKNOWN_TOPIC', `no topic '${selector?.value ?? ''}'`, { topic: name }));
      return { topicId: '', name, internal: false, partitions: [], maxMessageBytes: 0, error };
    }
    const partitions = found.partitions.map(({ index, leaderId, leaderEpoch }) => ({
      partition: index,
      leaderId,
      leaderEpoch,
      replicaIds: leaderId === undefined ? [] : [leaderId],
      inSyncReplicaIds: leaderId === undefined ? [] : [leaderId],
    }));
    return { topicId: found.topicId, name: found.name, internal: false, partitions, maxMessageBytes: found.maxMessageBytes };
  }
}
