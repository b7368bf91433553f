import { MoldauError, type Offset, offset } from '@moldau/kernel';
import { type BatchSpan, batchesIn, nextOffsetAt } from '@moldau/records';
import { backoffMs } from '../backoff.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { TopicView } from '../cluster/metadata-view.ts';
import { type AssignedPartition, leaderOf, nameKey } from './assigned-partition.ts';
import type { BrokerReader, PartitionRead, ReaderHooks } from './broker-reader.ts';
import type { Chunk, Failure } from './chunk.ts';
import { placedError } from './consumer-batch.ts';
import type { ConsumerSettings } from './consumer-settings.ts';
import type { Assignment, StartPosition, TopicPartitionName } from './consumer-types.ts';
import { PollReader } from './poll-reader.ts';
import { PositionLocator } from './position-locator.ts';
import { StreamReader } from './stream-reader.ts';

export interface FetcherHooks<K, V> {
  arrived(item: Chunk<K, V> | Failure<K, V>): void;
  /** Some partition has ended, or moved on without a batch. */
  changed(): void;
}

/** Assigns partitions to the readers of their leaders, and brings them back after failures. */
export class Fetcher<K, V> {
  readonly #cluster: Cluster;
  readonly #settings: ConsumerSettings<K, V>;
  readonly #hooks: FetcherHooks<K, V>;
  readonly #partitions = new Map<string, AssignedPartition<K, V>>();
  /** Topics of which all partitions are read, also those to come. */
  readonly #wholeTopics = new Set<string>();
  /** By name, so that they may be paused before the metadata is there. */
  readonly #paused = new Set<string>();
  readonly #readers = new Map<number, BrokerReader<K, V>>();
  readonly #locator: PositionLocator<K, V>;
  readonly #abort = new AbortController();
  readonly #unsubscribe: () => void;
  #lastPositionId = 0;
  #share = 1;
  #scheduled = false;

  constructor(cluster: Cluster, settings: ConsumerSettings<K, V>, hooks: FetcherHooks<K, V>) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.#hooks = hooks;
    this.#locator = new PositionLocator(cluster, settings, this.#abort.signal, {
      located: (partition, start) => this.#located(partition, start),
      failed: (partition, error) => this.fail(partition, error),
    });
    this.#unsubscribe = cluster.metadata.subscribe(() => this.#metadataChanged());
  }

  get partitions(): Iterable<AssignedPartition<K, V>> {
    return this.#partitions.values();
  }

  /** @throws MoldauError UNKNOWN_PARTITION when it is not assigned */
  partition({ topic, partition }: TopicPartitionName): AssignedPartition<K, V> {
    const assigned = this.#partitions.get(nameKey(topic, partition));
    if (assigned !== undefined) return assigned;
    const facts = { topic, partition: String(partition) };
    throw new MoldauError('UNKNOWN_PARTITION', `${topic}-${partition} is not assigned to this consumer`, facts);
  }

  /** @throws MoldauError UNKNOWN_TOPIC, UNKNOWN_PARTITION, CONNECTION_FAILED … as `lookUp` */
  async assign(assignments: readonly Assignment[]): Promise<void> {
    const timeoutMs = this.#cluster.settings.requestTimeoutMs;
    const views = await Promise.all(assignments.map(({ topic }) => this.#cluster.metadata.lookUp(topic, timeoutMs, this.#abort.signal)));
    assignments.forEach(({ topic, partition, from }, index) => {
      const view = views[index]!;
      const count = view.partitions.length;
      if (partition === undefined) this.#wholeTopics.add(topic);
      else if (partition >= count) {
        const facts = { topic, partition: String(partition), partitions: String(count) };
        throw new MoldauError('UNKNOWN_PARTITION', `topic '${topic}' has the partitions 0–${count - 1}, not ${partition}`, facts);
      }
      const indexes = partition === undefined ? view.partitions.keys() : [partition];
      for (const each of indexes) this.#add(view, each, from ?? 'earliest');
    });
  }

  /** Without a partition: all of the topic. Unknown ones are ignored. */
  unassign(targets: readonly { readonly topic: string; readonly partition?: number }[]): void {
    for (const { topic, partition } of targets) {
      this.#wholeTopics.delete(topic);
      for (const assigned of [...this.#partitions.values()]) {
        if (assigned.topic !== topic || (partition !== undefined && assigned.partition !== partition)) continue;
        this.#withdraw(assigned);
        this.#partitions.delete(nameKey(topic, assigned.partition));
      }
    }
    this.#hooks.changed();
  }

  /** Resolves once the position is known. */
  seek(partition: AssignedPartition<K, V>, from: StartPosition): Promise<void> {
    this.#withdraw(partition);
    partition.endOffset = undefined;
    return this.#begin(partition, from);
  }

  pause(targets: readonly TopicPartitionName[]): void {
    for (const { topic, partition } of targets) {
      this.#paused.add(nameKey(topic, partition));
      const assigned = this.#partitions.get(nameKey(topic, partition));
      if (assigned === undefined || assigned.paused) continue;
      assigned.paused = true;
      if (assigned.phase.t === 'fetching' || assigned.phase.t === 'resting') {
        this.#withdraw(assigned);
        assigned.phase = { t: 'ready' };
      } else if (assigned.phase.t === 'ready') {
        this.#withdraw(assigned);
      }
    }
  }

  resume(targets: readonly TopicPartitionName[]): void {
    for (const { topic, partition } of targets) {
      this.#paused.delete(nameKey(topic, partition));
      const assigned = this.#partitions.get(nameKey(topic, partition));
      if (assigned !== undefined) assigned.paused = false;
    }
    this.#schedule();
  }

  /** Records up to `position` have been handed to the user. */
  delivered(partition: AssignedPartition<K, V>, position: number): void {
    partition.position = offset(position);
    this.#endIfRead(partition);
  }

  /** The partition can't be read on; a seek revives it. */
  fail(partition: AssignedPartition<K, V>, error: MoldauError): void {
    this.#markFailed(partition, error);
    this.#hooks.arrived({ t: 'failure', partition, positionId: partition.positionId, error });
  }

  #markFailed(partition: AssignedPartition<K, V>, error: MoldauError): void {
    if (partition.phase.t === 'fetching') this.#readers.get(partition.phase.brokerId)?.remove(partition);
    partition.phase = { t: 'failed', error };
  }

  /** A failure that the caller tells the user itself: what was fetched behind it is of no use. */
  abandon(partition: AssignedPartition<K, V>, error: MoldauError): void {
    this.#withdraw(partition);
    partition.phase = { t: 'failed', error };
  }

  close(): void {
    this.#abort.abort();
    this.#unsubscribe();
    for (const reader of this.#readers.values()) reader.close();
    this.#readers.clear();
    for (const { phase } of this.#partitions.values()) if (phase.t === 'resting') phase.timer.cancel();
    this.#partitions.clear();
  }

  #add(view: TopicView, partition: number, from: StartPosition): void {
    const key = nameKey(view.name, partition);
    const known = this.#partitions.get(key);
    if (known !== undefined) this.#withdraw(known);
    const { keyDeserializer, valueDeserializer } = this.#settings;
    const assigned: AssignedPartition<K, V> = {
      topic: view.name,
      topicId: view.topicId,
      partition,
      context: { topic: view.name, partition, keyDeserializer, valueDeserializer },
      phase: { t: 'locating', from },
      position: undefined,
      fetchOffset: undefined,
      positionId: this.#nextPositionId(),
      paused: this.#paused.has(key),
      failures: 0,
      highWatermark: undefined,
      endOffset: undefined,
      view,
    };
    this.#partitions.set(key, assigned);
    // Its failures are told by iteration.
    this.#begin(assigned, from).catch(() => {});
  }

  #begin(partition: AssignedPartition<K, V>, from: StartPosition): Promise<void> {
    const exact = typeof from === 'object' && 'offset' in from ? offset(from.offset) : undefined;
    partition.position = exact;
    partition.fetchOffset = exact;
    if (exact !== undefined && !this.#settings.stopAtEnd) {
      partition.phase = { t: 'ready' };
      this.#schedule();
      return Promise.resolve();
    }
    partition.phase = { t: 'locating', from };
    return this.#locator.locate(partition);
  }

  #located(partition: AssignedPartition<K, V>, start: Offset): void {
    const before = partition.fetchOffset;
    if (partition.position !== undefined && before !== undefined && before !== start) {
      const { topic } = partition;
      this.#cluster.ports.logger.warn('a position lay outside the log', { topic, partition: partition.partition, from: before, to: start });
      this.#cluster.settings.onStatus({ kind: 'position-reset', topic, partition: partition.partition, from: before, to: start });
    }
    partition.position ??= start;
    partition.fetchOffset = start;
    partition.phase = { t: 'ready' };
    this.#endIfRead(partition);
    this.#schedule();
  }

  /** Takes it from its reader and drops what was fetched: it goes on from its position, under a new id. */
  #withdraw(partition: AssignedPartition<K, V>): void {
    if (partition.phase.t === 'fetching') this.#readers.get(partition.phase.brokerId)?.remove(partition);
    partition.positionId = this.#nextPositionId();
    partition.fetchOffset = partition.position;
  }

  #endIfRead(partition: AssignedPartition<K, V>): void {
    const { endOffset, position } = partition;
    if (endOffset === undefined || position === undefined || position < endOffset || partition.phase.t === 'ended') return;
    this.#withdraw(partition);
    partition.phase = { t: 'ended' };
    this.#hooks.changed();
  }

  #nextPositionId(): number {
    this.#lastPositionId += 1;
    return this.#lastPositionId;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#cluster.ports.scheduler.nextTurn(() => {
      this.#scheduled = false;
      if (!this.#abort.signal.aborted) this.#assignReaders();
    });
  }

  #assignReaders(): void {
    this.#divideShares();
    for (const partition of this.#partitions.values()) {
      if (partition.phase.t !== 'ready' || partition.paused) continue;
      const leaderId = leaderOf(partition)?.leaderId;
      if (leaderId === undefined) {
        this.#cluster.metadata.requestRefresh();
        continue;
      }
      partition.phase = { t: 'fetching', brokerId: leaderId };
      this.#reader(leaderId).add(partition);
    }
  }

  /** Each reader's part of the prefetch limit; two of the largest batches at least, or one could block it for ever. */
  #divideShares(): void {
    const leaders = new Set<number>();
    let largest = 0;
    for (const partition of this.#partitions.values()) {
      const leaderId = leaderOf(partition)?.leaderId;
      if (leaderId !== undefined) leaders.add(leaderId);
      largest = Math.max(largest, partition.view.maxMessageBytes);
    }
    this.#share = Math.max(Math.floor(this.#settings.prefetchBytes / Math.max(1, leaders.size)), 2 * largest);
  }

  #reader(brokerId: number): BrokerReader<K, V> {
    const known = this.#readers.get(brokerId);
    if (known !== undefined) return known;
    const hooks: ReaderHooks<K, V> = {
      read: (reader, partition, positionId, read) => this.#read(reader, partition, positionId, read),
      failed: (partition, positionId, error) => this.#failed(partition, positionId, error),
      broken: (_reader, partitions, error) => {
        this.#cluster.metadata.requestRefresh();
        for (const partition of partitions) this.#failed(partition, partition.positionId, error);
      },
      share: () => this.#share,
    };
    const { fetchMode, isolation, maxWaitMs, minBytes } = this.#settings;
    const reader =
      fetchMode === 'stream'
        ? new StreamReader(brokerId, this.#cluster, isolation, hooks)
        : new PollReader(brokerId, this.#cluster, { isolation, maxWaitMs, minBytes }, hooks);
    this.#readers.set(brokerId, reader);
    return reader;
  }

  #read(reader: BrokerReader<K, V>, partition: AssignedPartition<K, V>, positionId: number, read: PartitionRead): void {
    const bytes = read.recordBatches;
    if (partition.positionId !== positionId) {
      reader.consumed(bytes.length);
      return;
    }
    partition.highWatermark = offset(read.highWatermark);
    partition.failures = 0;
    if (bytes.length === 0) return;
    const from = partition.fetchOffset ?? 0;
    let spans: BatchSpan[];
    try {
      spans = [...batchesIn(bytes)];
      const last = spans.at(-1);
      if (last === undefined) throw new MoldauError('CORRUPT_BATCH', `${bytes.length} bytes hold no whole batch`);
      partition.fetchOffset = nextOffsetAt(bytes, last.position);
    } catch (caught) {
      reader.consumed(bytes.length);
      this.fail(partition, placedError(caught, partition, from));
      return;
    }
    const aborted = [...read.abortedTransactions].sort((one, other) => one.firstOffset - other.firstOffset);
    this.#hooks.arrived({
      t: 'chunk',
      partition,
      positionId,
      reader,
      bytes,
      spans,
      index: 0,
      from,
      highWatermark: read.highWatermark,
      aborted,
      abortedProducers: new Set(),
      nextAborted: 0,
    });
  }

  #failed(partition: AssignedPartition<K, V>, positionId: number, error: MoldauError): void {
    if (partition.positionId !== positionId || this.#abort.signal.aborted) return;
    if (error.reason === 'OFFSET_OUT_OF_RANGE' && this.#settings.onOutOfRange !== 'error') {
      partition.phase = { t: 'locating', from: this.#settings.onOutOfRange };
      this.#locator.locate(partition).catch(() => {});
      return;
    }
    if (!error.retriable) {
      this.fail(partition, placedError(error, partition, partition.fetchOffset));
      return;
    }
    this.#cluster.metadata.requestRefresh();
    const { scheduler, random } = this.#cluster.ports;
    const timer = scheduler.after(Math.max(error.retryAfterMs ?? 0, backoffMs(random, partition.failures)), () => {
      if (partition.positionId !== positionId || partition.phase.t !== 'resting') return;
      partition.phase = { t: 'ready' };
      this.#schedule();
    });
    partition.phase = { t: 'resting', timer };
    partition.failures += 1;
  }

  #metadataChanged(): void {
    for (const topic of this.#wholeTopics) this.#addNewPartitions(topic);
    for (const partition of this.#partitions.values()) {
      const view = this.#cluster.metadata.topic(partition.topic);
      if (view?.topicId !== partition.topicId) {
        const facts = { topic: partition.topic, topic_id: partition.topicId };
        if (partition.phase.t !== 'failed') {
          this.fail(partition, new MoldauError('UNKNOWN_TOPIC', `topic '${partition.topic}' was deleted`, facts));
        }
        continue;
      }
      partition.view = view;
      const leaderId = leaderOf(partition)?.leaderId;
      if (partition.phase.t !== 'fetching' || partition.phase.brokerId === leaderId || leaderId === undefined) continue;
      this.#readers.get(partition.phase.brokerId)?.remove(partition);
      partition.phase = { t: 'ready' };
    }
    this.#schedule();
  }

  /** What was written to a partition before we knew of it is read too. */
  #addNewPartitions(topic: string): void {
    const view = this.#cluster.metadata.topic(topic);
    if (view === undefined) return;
    const known = this.#partitions.get(nameKey(topic, 0));
    if (known !== undefined && known.topicId !== view.topicId) return;
    for (const partition of view.partitions.keys())
      if (!this.#partitions.has(nameKey(topic, partition))) this.#add(view, partition, 'earliest');
  }
}
