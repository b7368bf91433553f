import type { Cluster } from '../cluster/cluster.ts';
import { type AssignedPartition, leaderOf } from './assigned-partition.ts';
import type { BrokerReader, ReaderHooks } from './broker-reader.ts';
import type { ConsumerSettings } from './consumer-settings.ts';
import { PollReader } from './poll-reader.ts';
import { StreamReader } from './stream-reader.ts';

/** One reader per broker that leads, or led, a partition of the consumer; they share its prefetch limit. */
export class ReaderPool<K, V> {
  readonly #cluster: Cluster;
  readonly #settings: ConsumerSettings<K, V>;
  readonly #hooks: ReaderHooks<K, V>;
  readonly #readers = new Map<number, BrokerReader<K, V>>();
  #share = 1;

  constructor(cluster: Cluster, settings: ConsumerSettings<K, V>, hooks: Omit<ReaderHooks<K, V>, 'share'>) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.#hooks = { ...hooks, share: () => this.#share };
  }

  /** Gives the partition to its leader's reader. */
  add(brokerId: number, partition: AssignedPartition<K, V>): void {
    this.#reader(brokerId).add(partition);
  }

  /** Takes the partition from the reader that has it. */
  remove(partition: AssignedPartition<K, V>): void {
    if (partition.phase.t === 'fetching') this.#readers.get(partition.phase.brokerId)?.remove(partition);
  }

  /** Each reader's part of the prefetch limit; two of the largest batches at least, or one could block it for ever. */
  divideShares(partitions: Iterable<AssignedPartition<K, V>>): void {
    const leaders = new Set<number>();
    let largest = 0;
    for (const partition of partitions) {
      const leaderId = leaderOf(partition)?.leaderId;
      if (leaderId !== undefined) leaders.add(leaderId);
      largest = Math.max(largest, partition.view.maxMessageBytes);
    }
    this.#share = Math.max(Math.floor(this.#settings.prefetchBytes / Math.max(1, leaders.size)), 2 * largest);
  }

  close(): void {
    for (const reader of this.#readers.values()) reader.close();
    this.#readers.clear();
  }

  #reader(brokerId: number): BrokerReader<K, V> {
    const known = this.#readers.get(brokerId);
    if (known !== undefined) return known;
    const { fetchMode, isolation, maxWaitMs, minBytes } = this.#settings;
    const reader =
      fetchMode === 'stream'
        ? new StreamReader(brokerId, this.#cluster, isolation, this.#hooks)
        : new PollReader(brokerId, this.#cluster, { isolation, maxWaitMs, minBytes }, this.#hooks);
    this.#readers.set(brokerId, reader);
    return reader;
  }
}
