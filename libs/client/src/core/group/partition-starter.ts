import { MoldauError } from '@moldau/kernel';
import { backoffMs } from '../backoff.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Consumer } from '../consumer/consumer.ts';
import type { Assignment, TopicPartitionName } from '../consumer/consumer-types.ts';
import { delay } from '../delay.ts';
import { fetchCommitted } from './committed-offsets.ts';
import type { GroupPartition } from './group-partition.ts';
import type { CommittedPosition, GroupIdentity, GroupStart } from './group-types.ts';
import type { RebalanceCalls } from './rebalance-calls.ts';

export interface StarterOptions {
  readonly from: GroupStart;
  /** Committed offsets count only when no open transaction would commit others. */
  readonly stable: boolean;
  readonly signal: AbortSignal;
  identity(): GroupIdentity;
  /** The iteration is to fail with this. */
  failed(error: MoldauError): void;
}

/** Begins to read partitions where their group has left off. */
export class PartitionStarter<K, V> {
  readonly #cluster: Cluster;
  readonly #consumer: Consumer<K, V>;
  readonly #calls: RebalanceCalls;
  readonly #options: StarterOptions;

  constructor(cluster: Cluster, consumer: Consumer<K, V>, calls: RebalanceCalls, options: StarterOptions) {
    this.#cluster = cluster;
    this.#consumer = consumer;
    this.#calls = calls;
    this.#options = options;
  }

  /** Tries until they are read, or are not to be any more. Never rejects. */
  async start(added: readonly GroupPartition[]): Promise<void> {
    const { scheduler, random } = this.#cluster.ports;
    let open = added;
    for (let attempt = 0; ; attempt++) {
      open = (await this.#tryAll(open)).filter(isStarting);
      if (open.length === 0 || this.#options.signal.aborted) return;
      await delay(scheduler, backoffMs(random, attempt), this.#options.signal).catch(() => {});
    }
  }

  /** Those that could not be begun. */
  async #tryAll(open: readonly GroupPartition[]): Promise<readonly GroupPartition[]> {
    const known = open.filter((partition) => this.#isKnown(partition));
    const unknown = open.filter((partition) => !known.includes(partition));
    const begun = this.#begin(known).then(
      () => true,
      (caught: unknown) => {
        const error = MoldauError.from(caught);
        this.#cluster.ports.logger.debug('partitions of a group can not be read yet', { error: error.message });
        return false;
      },
    );
    await this.#lookUp(unknown);
    const rest = (await begun) ? [] : known;
    return [...rest, ...unknown];
  }

  /** Whether metadata has the topic, and not another of its name. */
  #isKnown({ topic, topicId, partition }: GroupPartition): boolean {
    const view = this.#cluster.metadata.topic(topic);
    return view?.topicId === topicId && view.partitions.length > partition;
  }

  async #lookUp(partitions: readonly GroupPartition[]): Promise<void> {
    if (partitions.length === 0) return;
    const { metadata, settings } = this.#cluster;
    const topics = new Set(partitions.map(({ topic }) => topic));
    await Promise.allSettled([...topics].map((topic) => metadata.lookUp(topic, settings.requestTimeoutMs, this.#options.signal)));
    if (partitions.some((partition) => !this.#isKnown(partition))) metadata.requestRefresh();
  }

  async #begin(partitions: readonly GroupPartition[]): Promise<void> {
    if (partitions.length === 0) return;
    const { identity, stable, signal } = this.#options;
    const member = identity();
    const found = await fetchCommitted(this.#cluster, { groupId: member.groupId, member, partitions, stable, signal });
    const assignments: Assignment[] = [];
    const without: GroupPartition[] = [];
    partitions.forEach((partition, index) => {
      if (!isStarting(partition)) return;
      const committed = found[index];
      partition.committed = committed?.offset;
      const assignment = this.#assignment(partition, committed);
      if (assignment === undefined) without.push(partition);
      else assignments.push(assignment);
      this.#consumer.pause(partition);
    });
    if (assignments.length > 0) await this.#consumer.assign(assignments);
    const starting = partitions.filter(isStarting);
    for (const partition of starting) partition.told = true;
    await this.#calls.assigned(starting);
    for (const partition of starting.filter(isStarting)) {
      partition.phase = 'reading';
      if (!partition.paused) this.#consumer.resume(partition);
      if (without.includes(partition) && !this.#consumer.reads(partition)) this.#options.failed(uncommitted(member.groupId, partition));
    }
  }

  /** Where to begin; undefined: that is an error, unless the program says where. */
  #assignment({ topic, partition }: GroupPartition, committed: CommittedPosition | undefined): Assignment | undefined {
    if (committed?.offset === undefined) {
      return this.#options.from === 'error' ? undefined : { topic, partition, from: this.#options.from };
    }
    const { offset, leaderEpoch } = committed;
    return { topic, partition, from: leaderEpoch === undefined ? { offset } : { offset, leaderEpoch } };
  }
}

function isStarting({ phase }: GroupPartition): boolean {
  return phase === 'starting';
}

function uncommitted(group: string, { topic, partition }: TopicPartitionName): MoldauError {
  const facts = { group, topic, partition: String(partition) };
  return new MoldauError('NO_COMMITTED_OFFSET', `group '${group}' has committed nothing for ${topic}-${partition}`, facts);
}
