import { type BrokerId, isUuid, MoldauError, type Namespace, topicId as toTopicId } from '@moldau/kernel';
import { errorToItem, type ItemError } from '@moldau/protocol';
import type { ClusterState } from '../metadata/cluster-state.ts';
import type { RequestContext } from '../request/request-context.ts';
import type { Partition } from './partition.ts';
import type { PartitionTable } from './partition-table.ts';

/** Finds the replica that a request names, or the error that says where else to look. */
export class PartitionLocator {
  readonly #table: PartitionTable;
  readonly #cluster: ClusterState;
  readonly #brokerId: BrokerId;

  constructor(table: PartitionTable, cluster: ClusterState, brokerId: BrokerId) {
    this.#table = table;
    this.#cluster = cluster;
    this.#brokerId = brokerId;
  }

  /**
   * The replica here. A topic of another namespace is unknown to the caller.
   *
   * @throws MoldauError UNKNOWN_TOPIC, UNKNOWN_PARTITION, NOT_LEADER
   */
  locate(topicId: string, index: number, context: RequestContext): Partition {
    const local = this.#table.topic(topicId);
    const partition = local?.namespace === context.namespace ? local.partitions[index] : undefined;
    if (partition === undefined) throw this.#elsewhere(topicId, index, context.namespace);
    return partition;
  }

  /**
   * The replica here, of any namespace: for calls of the cluster's own services.
   *
   * @throws MoldauError UNKNOWN_TOPIC, UNKNOWN_PARTITION, NOT_LEADER
   */
  locateAny(topicId: string, index: number): Partition {
    const partition = this.#table.find(topicId, index);
    if (partition === undefined) throw this.#elsewhere(topicId, index, undefined);
    return partition;
  }

  /** The error as an item of a response; one that names a leader also says where the caller reaches it. */
  toItem(error: MoldauError, context: RequestContext): ItemError {
    return errorToItem(this.withLeaderAddress(error, context));
  }

  withLeaderAddress(error: MoldauError, context: RequestContext): MoldauError {
    const leader = error.facts['leader'];
    if (leader === undefined) return error;
    const endpoint = this.#cluster.current.brokers.get(Number(leader) as BrokerId)?.endpoints.get(context.listener);
    if (endpoint === undefined) return error;
    const facts = { ...error.facts, leader_address: `${endpoint.host}:${endpoint.port}` };
    const { retryAfterMs } = error;
    return new MoldauError(error.reason, error.message, facts, { cause: error, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
  }

  #elsewhere(topicId: string, index: number, namespace: Namespace | undefined): MoldauError {
    const facts = { topic_id: topicId.slice(0, 64), partition: String(index) };
    const topic = isUuid(topicId) ? this.#cluster.image.topics.get(toTopicId(topicId)) : undefined;
    if (topic === undefined || (namespace !== undefined && topic.namespace !== namespace) || topic.state === 'deleting') {
      return new MoldauError('UNKNOWN_TOPIC', `no topic of id '${facts.topic_id}' is known here`, facts);
    }
    if (!Number.isInteger(index) || index < 0 || index >= topic.partitionCount) {
      const message = `topic '${topic.name}' has ${topic.partitionCount} partitions, none of index ${index}`;
      return new MoldauError('UNKNOWN_PARTITION', message, { ...facts, limit: String(topic.partitionCount - 1) });
    }
    const partition = topic.partitions.get(index);
    const message = `broker ${this.#brokerId} has no replica of partition ${index} of topic '${topic.name}'`;
    if (partition?.leader === undefined || partition.leader === this.#brokerId) return new MoldauError('NOT_LEADER', message, facts);
    const { leader, leaderEpoch } = partition;
    return new MoldauError('NOT_LEADER', message, { ...facts, leader: String(leader), leader_epoch: String(leaderEpoch) });
  }
}
