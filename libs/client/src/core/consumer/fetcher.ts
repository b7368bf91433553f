import { type MoldauError, type Offset, offset } from '@moldau/kernel';
import { backoffMs } from '../backoff.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { leaderlessError } from '../cluster/leader-hint.ts';
import type { TopicView } from '../cluster/metadata-view.ts';
import { parseChunk } from './arrived-chunk.ts';
import { type AssignedPartition, deletedError, leaderOf, movesWith } from './assigned-partition.ts';
import { AssignedPartitions } from './assigned-partitions.ts';
import type { BrokerReader, PartitionRead } from './broker-reader.ts';
import type { Chunk, Failure } from './chunk.ts';
import { placedError } from './consumer-batch.ts';
import type { ConsumerSettings } from './consumer-settings.ts';
import type { Assignment, StartPosition, TopicPartitionName } from './consumer-types.ts';
import { PositionLocator } from './position-locator.ts';
import { ReadHealth } from './read-health.ts';
import { ReaderPool } from './reader-pool.ts';

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
  readonly #partitions: AssignedPartitions<K, V>;
  readonly #health: ReadHealth<K, V>;
  readonly #readers: ReaderPool<K, V>;
  readonly #locator: PositionLocator<K, V>;
  readonly #abort = new AbortController();
  readonly #unsubscribe: () => void;
  #lastPositionId = 0;
  #scheduled = false;

  constructor(cluster: Cluster, settings: ConsumerSettings<K, V>, hooks: FetcherHooks<K, V>) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.#hooks = hooks;
    this.#partitions = new AssignedPartitions(settings);
    this.#health = new ReadHealth(cluster.health);
    this.#locator = new PositionLocator(cluster, settings, this.#abort.signal, {
      located: (partition, start) => this.#located(partition, start),
      failing: (partition, error) => this.#health.fails(partition, error),
      failed: (partition, error) => this.fail(partition, error),
    });
    this.#readers = new ReaderPool(cluster, settings, {
      read: (reader, partition, positionId, read) => this.#read(reader, partition, positionId, read),
      failed: (partition, positionId, error) => this.#failed(partition, positionId, error),
      broken: (reader, partitions, error) => this.#broken(reader.brokerId, partitions, error),
    });
    this.#unsubscribe = cluster.metadata.subscribe(() => this.#metadataChanged());
  }

  get partitions(): Pick<AssignedPartitions<K, V>, 'find' | typeof Symbol.iterator> {
    return this.#partitions;
  }

  /** @throws MoldauError UNKNOWN_PARTITION when it is not assigned */
  partition(name: TopicPartitionName): AssignedPartition<K, V> {
    return this.#partitions.get(name);
  }

  /** @throws MoldauError UNKNOWN_TOPIC, UNKNOWN_PARTITION, CONNECTION_FAILED … as `lookUp` */
  async assign(assignments: readonly Assignment[]): Promise<void> {
    const timeoutMs = this.#cluster.settings.requestTimeoutMs;
    const views = await Promise.all(assignments.map(({ topic }) => this.#cluster.metadata.lookUp(topic, timeoutMs, this.#abort.signal)));
    assignments.forEach((assignment, index) => {
      const view = views[index]!;
      for (const each of this.#partitions.meant(assignment, view)) this.#add(view, each, assignment.from ?? 'earliest');
    });
  }

  /** Without a partition: all of the topic. Unknown ones are ignored. */
  unassign(targets: readonly { readonly topic: string; readonly partition?: number }[]): void {
    for (const { topic, partition } of targets) {
      for (const assigned of this.#partitions.remove(topic, partition)) {
        this.#withdraw(assigned);
        this.#health.leave(assigned);
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
    for (const target of targets) {
      const assigned = this.#partitions.pause(target);
      if (assigned === undefined) continue;
      if (assigned.phase.t === 'fetching' || assigned.phase.t === 'resting') {
        this.#withdraw(assigned);
        assigned.phase = { t: 'ready' };
      } else if (assigned.phase.t === 'ready') {
        this.#withdraw(assigned);
      }
    }
  }

  resume(targets: readonly TopicPartitionName[]): void {
    for (const target of targets) this.#partitions.resume(target);
    this.#schedule();
  }

  /** Records up to `position` have been handed to the user. */
  delivered(partition: AssignedPartition<K, V>, position: number): void {
    partition.position = offset(position);
    this.#endIfRead(partition);
  }

  /** The partition can't be read on; a seek revives it. */
  fail(partition: AssignedPartition<K, V>, error: MoldauError): void {
    this.#readers.remove(partition);
    this.#health.leave(partition);
    partition.phase = { t: 'failed', error };
    this.#hooks.arrived({ t: 'failure', partition, positionId: partition.positionId, error });
  }

  /** A failure that the caller tells the user itself: what was fetched behind it is of no use. */
  abandon(partition: AssignedPartition<K, V>, error: MoldauError): MoldauError {
    this.#withdraw(partition);
    partition.phase = { t: 'failed', error };
    return error;
  }

  close(): void {
    this.#abort.abort();
    this.#unsubscribe();
    this.#readers.close();
    for (const partition of this.#partitions) {
      if (partition.phase.t === 'resting') partition.phase.timer.cancel();
      this.#health.leave(partition);
    }
    this.#partitions.clear();
  }

  #add(view: TopicView, partition: number, from: StartPosition): void {
    const known = this.#partitions.find(view.name, partition);
    if (known !== undefined) this.#withdraw(known);
    const assigned = this.#partitions.add(view, partition, from, this.#nextPositionId());
    // Its failures are told by iteration.
    this.#begin(assigned, from).catch(() => {});
  }

  #begin(partition: AssignedPartition<K, V>, from: StartPosition): Promise<void> {
    const known = typeof from === 'object' && 'offset' in from ? from : undefined;
    const exact = known && offset(known.offset);
    partition.position = exact;
    partition.fetchOffset = exact;
    partition.epochs.begin(exact, known?.leaderEpoch);
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
      this.#cluster.health.tell({ kind: 'position-reset', topic, partition: partition.partition, from: before, to: start });
    }
    partition.position ??= start;
    partition.fetchOffset = start;
    partition.phase = { t: 'ready' };
    this.#endIfRead(partition);
    this.#schedule();
  }

  /** Takes it from its reader and drops what was fetched: it goes on from its position, under a new id. */
  #withdraw(partition: AssignedPartition<K, V>): void {
    this.#readers.remove(partition);
    partition.positionId = this.#nextPositionId();
    partition.fetchOffset = partition.position;
  }

  #endIfRead(partition: AssignedPartition<K, V>): void {
    const { endOffset, position } = partition;
    if (endOffset === undefined || position === undefined || position < endOffset || partition.phase.t === 'ended') return;
    this.#withdraw(partition);
    this.#health.leave(partition);
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
    this.#readers.divideShares(this.#partitions);
    for (const partition of this.#partitions) {
      if (partition.phase.t !== 'ready' || partition.paused) continue;
      const leaderId = leaderOf(partition)?.leaderId;
      if (leaderId === undefined) {
        this.#cluster.metadata.requestRefresh();
        this.#health.fails(partition, leaderlessError(partition));
        continue;
      }
      partition.phase = { t: 'fetching', brokerId: leaderId };
      this.#readers.add(leaderId, partition);
    }
  }

  #read(reader: BrokerReader<K, V>, partition: AssignedPartition<K, V>, positionId: number, read: PartitionRead): void {
    const bytes = read.recordBatches;
    if (partition.positionId !== positionId) {
      reader.consumed(bytes.length);
      return;
    }
    partition.visibleEnd = offset(this.#settings.isolation === 'read_committed' ? read.lastStableOffset : read.highWatermark);
    partition.failures = 0;
    this.#health.works(partition, reader.brokerId);
    if (bytes.length === 0) return;
    let parsed: ReturnType<typeof parseChunk<K, V>>;
    try {
      parsed = parseChunk(reader, partition, read);
    } catch (caught) {
      reader.consumed(bytes.length);
      this.fail(partition, placedError(caught, partition, partition.fetchOffset ?? 0));
      return;
    }
    partition.fetchOffset = parsed.nextOffset;
    this.#hooks.arrived(parsed.chunk);
  }

  /** A broker that leaves has said so; any other that is needed does not answer. */
  #broken(brokerId: number, partitions: readonly AssignedPartition<K, V>[], error: MoldauError): void {
    this.#cluster.metadata.requestRefresh();
    if (partitions.length > 0 && error.reason !== 'SHUTTING_DOWN') this.#cluster.brokerFailed(brokerId, error);
    for (const partition of partitions) this.#failed(partition, partition.positionId, error);
  }

  #failed(partition: AssignedPartition<K, V>, positionId: number, error: MoldauError): void {
    if (partition.positionId !== positionId || this.#abort.signal.aborted) return;
    if (error.reason === 'OFFSET_OUT_OF_RANGE' && this.#settings.onOutOfRange !== 'error') {
      partition.phase = { t: 'locating', from: this.#settings.onOutOfRange };
      this.#locator.locate(partition).catch(() => {});
      return;
    }
    if (!error.retriable) {
      this.fail(partition, placedError(partition.epochs.placed(error), partition, partition.fetchOffset));
      return;
    }
    this.#health.fails(partition, error);
    if (this.#cluster.metadata.learn(partition, error)) {
      partition.phase = { t: 'ready' };
      return;
    }
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
    for (const topic of this.#partitions.wholeTopics) {
      const view = this.#cluster.metadata.topic(topic);
      if (view === undefined) continue;
      // What was written to a partition before we knew of it is read too.
      for (const partition of this.#partitions.missing(view)) this.#add(view, partition, 'earliest');
    }
    for (const partition of this.#partitions) {
      const view = this.#cluster.metadata.topic(partition.topic);
      if (view?.topicId !== partition.topicId) {
        if (partition.phase.t !== 'failed') this.fail(partition, deletedError(partition));
        continue;
      }
      if (!movesWith(partition, view)) continue;
      this.#readers.remove(partition);
      partition.phase = { t: 'ready' };
    }
    this.#schedule();
  }
}
