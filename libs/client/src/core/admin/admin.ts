import { MoldauError } from '@moldau/kernel';
import { adminService, type ItemError, itemToError, PartitionFilter, type TopicSelector } from '@moldau/protocol';
import type { AnyBrokerLimits, Cluster } from '../cluster/cluster.ts';
import type { FoundOffset, OffsetInquiry } from '../offset-types.ts';
import { findOffsets } from '../offsets.ts';
import type {
  AdminCallOptions,
  ConfigChanges,
  ConfigOutcome,
  ConfigTarget,
  CreatedTopic,
  DeletedRecords,
  DescribedCluster,
  DescribedConfigs,
  DescribedTopic,
  DryRunOptions,
  ListTopicsOptions,
  NewTopicInput,
  RecordsToDelete,
  TopicListing,
  TopicOutcome,
} from './admin-types.ts';
import { configTarget, describedCluster, describedConfig, describedTopic, wireResource } from './admin-wire.ts';
import { deleteRecords } from './delete-records.ts';
import { describeReplicas } from './describe-replicas.ts';
import type {
  DescribedReplicas,
  DescribePartitionsOptions,
  DrainState,
  PartitionName,
  PartitionOutcome,
  PartitionPlacement,
  Reassignment,
} from './placement-types.ts';
import {
  partitionOutcome,
  partitionPlacement,
  WIRE_DRAINS,
  WIRE_ELECTIONS,
  WIRE_FILTERS,
  wirePartition,
  wireReassignment,
} from './placement-wire.ts';
import { TransactionAdmin } from './transaction-admin.ts';

/**
 * What operators do. Calls over many things answer with one result for each, with its own `error`; a call rejects only when
 * it fails as a whole, with MoldauError INVALID_REQUEST, PERMISSION_DENIED, COORDINATOR_NOT_AVAILABLE, REQUEST_TIMED_OUT,
 * CONNECTION_FAILED, CANCELLED or CLIENT_CLOSED. Made by `moldau.admin`.
 *
 * @example
 * const [created] = await moldau.admin().createTopics([{ name: 'orders', partitions: 6 }]);
 * if (created?.error !== undefined) throw created.error;
 */
export class Admin extends TransactionAdmin {
  readonly #cluster: Cluster;

  /** For `moldau.admin`. @internal */
  constructor(cluster: Cluster) {
    super(cluster);
    this.#cluster = cluster;
  }

  async createTopics(topics: readonly NewTopicInput[], options: DryRunOptions = {}): Promise<readonly CreatedTopic[]> {
    const request = {
      topics: topics.map(({ name, partitions, replicationFactor, configs }) => ({
        name,
        partitions,
        replicationFactor,
        configs: new Map(Object.entries(configs ?? {})),
      })),
      dryRun: options.dryRun ?? false,
    };
    const { results } = await this.#cluster.callAny(adminService.createTopics, request, once(options));
    return results.map(({ name, topicId, partitions, replicationFactor, error }) => ({
      name,
      topicId,
      partitions,
      replicationFactor,
      error: toError(error),
    }));
  }

  /** With all their records. */
  async deleteTopics(names: readonly string[], options: DryRunOptions = {}): Promise<readonly TopicOutcome[]> {
    const request = { topics: names.map(byName), dryRun: options.dryRun ?? false };
    const { results } = await this.#cluster.callAny(adminService.deleteTopics, request, once(options));
    return results.map(({ name, topicId, error }, index) => {
      const named = name === '' ? (names[index] ?? '') : name;
      if (error === undefined && options.dryRun !== true) this.#cluster.metadata.forget(named);
      return { name: named, topicId, error: toError(error) };
    });
  }

  /** The topics of the namespace by name, page after page. */
  async *listTopics(options: ListTopicsOptions = {}): AsyncGenerator<TopicListing, void, undefined> {
    let pageToken = '';
    do {
      const request = { includeInternal: options.includeInternal ?? false, pageSize: options.pageSize, pageToken };
      const page = await this.#cluster.callAny(adminService.listTopics, request, repeatable(options));
      for (const { name, topicId, partitions, replicationFactor, internal } of page.topics) {
        yield { name, topicId, partitions, replicationFactor, internal };
      }
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
  }

  async describeTopics(names: readonly string[], options: AdminCallOptions = {}): Promise<readonly DescribedTopic[]> {
    const { topics } = await this.#cluster.callAny(adminService.describeTopics, { topics: names.map(byName) }, repeatable(options));
    return topics.map((description, index) => describedTopic(names[index] ?? '', description));
  }

  /** Keys may map to other partitions than before. */
  async addPartitions(
    topics: readonly { readonly name: string; readonly totalPartitions: number }[],
    options: DryRunOptions = {},
  ): Promise<readonly TopicOutcome[]> {
    const request = { topics: topics.map(({ name, totalPartitions }) => ({ name, totalPartitions })), dryRun: options.dryRun ?? false };
    const { results } = await this.#cluster.callAny(adminService.addPartitions, request, once(options));
    this.#cluster.metadata.requestRefresh();
    return results.map(({ name, topicId, error }) => ({ name, topicId, error: toError(error) }));
  }

  async describeConfigs(resources: readonly ConfigTarget[], options: AdminCallOptions = {}): Promise<readonly DescribedConfigs[]> {
    const request = { resources: resources.map(wireResource) };
    const { results } = await this.#cluster.callAny(adminService.describeConfigs, request, repeatable(options));
    return results.map(({ resource, entries, error }, index) => ({
      resource: configTarget(resource, resources[index]),
      entries: entries.map(describedConfig),
      error: toError(error),
    }));
  }

  async alterConfigs(resources: readonly ConfigChanges[], options: DryRunOptions = {}): Promise<readonly ConfigOutcome[]> {
    const request = {
      resources: resources.map(({ resource, changes }) => ({
        resource: wireResource(resource),
        changes: changes.map(({ name, value }) => ({ name, value })),
      })),
      dryRun: options.dryRun ?? false,
    };
    // Setting the same values twice does no harm.
    const { results } = await this.#cluster.callAny(adminService.alterConfigs, request, repeatable(options));
    this.#cluster.metadata.requestRefresh();
    return results.map(({ resource, error }, index) => ({
      resource: configTarget(resource, resources[index]?.resource),
      error: toError(error),
    }));
  }

  /** Moves the start of logs forward; what lies before is gone. */
  deleteRecords(partitions: readonly RecordsToDelete[], options: DryRunOptions = {}): Promise<readonly DeletedRecords[]> {
    return deleteRecords(this.#cluster, partitions, options);
  }

  async describeCluster(options: AdminCallOptions = {}): Promise<DescribedCluster> {
    return describedCluster(await this.#cluster.callAny(adminService.describeCluster, {}, repeatable(options)));
  }

  /**
   * Who leads and who follows each partition, in the order of topic names and indexes, page after page. Throws UNKNOWN_TOPIC
   * when one of the topics asked for is not there.
   */
  async *describePartitions(options: DescribePartitionsOptions = {}): AsyncGenerator<PartitionPlacement, void, undefined> {
    const { topics = [], condition, pageSize } = options;
    const filter = condition === undefined ? PartitionFilter.UNSPECIFIED : WIRE_FILTERS[condition];
    let pageToken = '';
    do {
      const request = { topics: topics.map(byName), filter, pageSize, pageToken };
      const page = await this.#cluster.callAny(adminService.describePartitions, request, repeatable(options));
      for (const { error } of page.errors) if (error !== undefined) throw itemToError(error);
      for (const description of page.partitions) yield partitionPlacement(description);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
  }

  /** Where the replicas of partitions stand, as each partition's leader sees it. */
  describeReplicas(partitions: readonly PartitionName[], options: AdminCallOptions = {}): Promise<readonly DescribedReplicas[]> {
    return describeReplicas(this.#cluster, partitions, options);
  }

  /** Keeps new replicas away from a broker. Rejects UNKNOWN_BROKER. */
  async cordonBroker(brokerId: number, options: DryRunOptions = {}): Promise<void> {
    await this.#cluster.callAny(adminService.cordonBroker, { brokerId, dryRun: options.dryRun ?? false }, repeatable(options));
  }

  /** Lets a broker take replicas again, and ends its drain. Rejects UNKNOWN_BROKER. */
  async uncordonBroker(brokerId: number, options: DryRunOptions = {}): Promise<void> {
    await this.#cluster.callAny(adminService.uncordonBroker, { brokerId, dryRun: options.dryRun ?? false }, repeatable(options));
  }

  /**
   * Begins to move all replicas of a broker to others, ends that, or tells how far it is. Rejects UNKNOWN_BROKER, and
   * INVALID_REPLICA_ASSIGNMENT where there are too few other brokers.
   */
  async drainBroker(brokerId: number, action: 'start' | 'cancel' | 'describe', options: DryRunOptions = {}): Promise<DrainState> {
    const request = { brokerId, action: WIRE_DRAINS[action], dryRun: options.dryRun ?? false };
    const { draining, replicas, leaders, moving, stuck } = await this.#cluster.callAny(
      adminService.drainBroker,
      request,
      repeatable(options),
    );
    return { draining, replicas, leaders, moving, stuck };
  }

  /**
   * Forgets a broker that is gone for good. Rejects UNKNOWN_BROKER, and BROKER_NOT_REMOVABLE while it serves, has a session or holds
   * replicas.
   */
  async removeBroker(brokerId: number, options: DryRunOptions = {}): Promise<void> {
    await this.#cluster.callAny(adminService.removeBroker, { brokerId, dryRun: options.dryRun ?? false }, once(options));
  }

  /** Moves replicas to other brokers, or takes such moves back. Answers when that is recorded: `describePartitions` shows how it goes. */
  async reassignPartitions(
    reassignments: readonly Reassignment[],
    options: DryRunOptions & {
      /** Bytes a second that each broker may copy for moves; default as it was. */ readonly throttleBytesPerSecond?: number;
    } = {},
  ): Promise<readonly PartitionOutcome[]> {
    const { throttleBytesPerSecond, dryRun = false } = options;
    const request = { reassignments: reassignments.map(wireReassignment), throttleBytesPerSecond, dryRun };
    const { results } = await this.#cluster.callAny(adminService.alterPartitionReassignments, request, once(options));
    return results.map((result, index) => partitionOutcome(result, reassignments[index]));
  }

  /** Moves that are under way, page after page. */
  async *listReassignments(
    options: Omit<DescribePartitionsOptions, 'condition'> = {},
  ): AsyncGenerator<PartitionPlacement, void, undefined> {
    yield* this.describePartitions({ ...options, condition: 'reassigning' });
  }

  /** Moves leadership to preferred replicas. `unclean`: gives partitions without a leader any, and may lose acknowledged records. */
  async electLeaders(
    type: 'preferred' | 'unclean',
    partitions: readonly PartitionName[],
    options: DryRunOptions = {},
  ): Promise<readonly PartitionOutcome[]> {
    const request = { type: WIRE_ELECTIONS[type], partitions: partitions.map(wirePartition), dryRun: options.dryRun ?? false };
    const { results } = await this.#cluster.callAny(adminService.electLeaders, request, once(options));
    this.#cluster.metadata.requestRefresh();
    return results.map((result, index) => partitionOutcome(result, partitions[index]));
  }

  /** One answer per question, in their order; the offset is undefined when no record is that new. */
  async listOffsets(
    questions: readonly OffsetInquiry[],
    options: AdminCallOptions & { readonly isolation?: 'read_uncommitted' | 'read_committed' } = {},
  ): Promise<readonly FoundOffset[]> {
    if (this.#cluster.closed) throw new MoldauError('CLIENT_CLOSED', 'the client is closed');
    return findOffsets(this.#cluster, questions, {
      isolation: options.isolation ?? 'read_uncommitted',
      timeoutMs: options.timeoutMs ?? this.#cluster.settings.requestTimeoutMs,
      signal: options.signal,
    });
  }
}

function once({ timeoutMs, signal }: AdminCallOptions): AnyBrokerLimits {
  return { ...(timeoutMs === undefined ? {} : { timeoutMs }), signal, repeatable: false };
}

function repeatable(options: AdminCallOptions): AnyBrokerLimits {
  return { ...once(options), repeatable: true };
}

function byName(name: string): TopicSelector {
  return { selector: { $case: 'name', value: name } };
}

function toError(error: ItemError | undefined): MoldauError | undefined {
  return error === undefined ? undefined : itemToError(error);
}
