import { MoldauError } from '@moldau/kernel';
import { type FetchedPartition, type FetchPartition, fetchService, itemToError } from '@moldau/protocol';
import type { Cluster } from '../cluster/cluster.ts';
import { wireIsolation } from '../offsets.ts';
import { type AssignedPartition, leaderOf } from './assigned-partition.ts';
import type { BrokerReader, ReaderHooks } from './broker-reader.ts';
import type { ConsumerIsolation } from './consumer-types.ts';

export interface PollReaderOptions {
  readonly isolation: ConsumerIsolation;
  readonly maxWaitMs: number;
  readonly minBytes: number;
}

/** Fits gRPC's own limit of 4 MiB a message. */
const RESPONSE_BYTES_MAX = 3 * 1024 * 1024;
/** A fetch is worth its round trip from this much room on. */
const ROOM_BYTES_MIN = 64 * 1024;
const PARTITIONS_MAX = 10_000;

/** Reads by long polling: one Fetch after the other. */
export class PollReader<K, V> implements BrokerReader<K, V> {
  readonly brokerId: number;
  readonly #cluster: Cluster;
  readonly #options: PollReaderOptions;
  readonly #hooks: ReaderHooks<K, V>;
  /** In the order in which they are asked for; those that gave something go to the end. */
  readonly #partitions = new Map<number, AssignedPartition<K, V>>();
  #unconsumed = 0;
  /** Of the fetch under way. */
  #abort: AbortController | undefined;
  #scheduled = false;
  #closed = false;

  constructor(brokerId: number, cluster: Cluster, options: PollReaderOptions, hooks: ReaderHooks<K, V>) {
    this.brokerId = brokerId;
    this.#cluster = cluster;
    this.#options = options;
    this.#hooks = hooks;
  }

  add(partition: AssignedPartition<K, V>): void {
    this.#partitions.set(partition.positionId, partition);
    // A fetch that waits would not see it before its time is over.
    this.#abort?.abort();
    this.#schedule();
  }

  remove(partition: AssignedPartition<K, V>): void {
    this.#partitions.delete(partition.positionId);
  }

  consumed(bytes: number): void {
    this.#unconsumed -= bytes;
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    this.#partitions.clear();
    this.#abort?.abort();
  }

  #schedule(): void {
    if (this.#scheduled || this.#abort !== undefined || this.#closed) return;
    this.#scheduled = true;
    this.#cluster.ports.scheduler.nextTurn(() => {
      this.#scheduled = false;
      const room = this.#hooks.share() - this.#unconsumed;
      if (this.#closed || this.#partitions.size === 0 || room < ROOM_BYTES_MIN) return;
      void this.#fetch(Math.min(RESPONSE_BYTES_MAX, room));
    });
  }

  /** Never rejects. */
  async #fetch(maxBytes: number): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    const asked = [...this.#partitions].slice(0, PARTITIONS_MAX);
    const { maxWaitMs, minBytes, isolation } = this.#options;
    const partitions = asked.map(([, partition]): FetchPartition => {
      const { topicId, partition: index, fetchOffset = 0 } = partition;
      const leaderEpoch = leaderOf(partition)?.leaderEpoch;
      return {
        topicId,
        partition: index,
        fetchOffset,
        leaderEpoch,
        maxBytes: undefined,
        lastFetchedEpoch: partition.epochs.before(fetchOffset),
      };
    });
    const request = { maxWaitMs, minBytes, maxBytes, isolation: wireIsolation(isolation), partitions };
    const limits = { timeoutMs: maxWaitMs + this.#cluster.settings.requestTimeoutMs, signal: abort.signal };
    try {
      const response = await this.#cluster.callBroker(this.brokerId, fetchService.fetch, request, limits);
      this.#abort = undefined;
      const byKey = new Map(asked.map(([positionId, partition]) => [`${partition.topicId}:${partition.partition}`, positionId]));
      for (const part of response.partitions) {
        const positionId = byKey.get(`${part.topicId}:${part.partition}`);
        if (positionId !== undefined) this.#partition(positionId, part);
      }
    } catch (caught) {
      this.#abort = undefined;
      if (!abort.signal.aborted) this.#broken(MoldauError.from(caught));
    }
    this.#schedule();
  }

  #partition(positionId: number, part: FetchedPartition): void {
    const partition = this.#partitions.get(positionId);
    if (partition === undefined) return;
    this.#partitions.delete(positionId);
    if (part.error !== undefined) {
      this.#hooks.failed(partition, positionId, itemToError(part.error));
      return;
    }
    this.#partitions.set(positionId, partition);
    this.#unconsumed += part.recordBatches.length;
    this.#hooks.read(this, partition, positionId, part);
  }

  #broken(error: MoldauError): void {
    const partitions = [...this.#partitions.values()];
    this.#partitions.clear();
    if (!this.#closed) this.#hooks.broken(this, partitions, error);
  }
}
