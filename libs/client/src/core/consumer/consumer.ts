import { MoldauError, type Offset } from '@moldau/kernel';
import type { Cluster } from '../cluster/cluster.ts';
import { throwIfAborted } from '../delay.ts';
import { findEnds } from '../offsets.ts';
import { BatchSource, type Delivery } from './batch-source.ts';
import type { ConsumedRecord } from './consumed-record.ts';
import type { BatchIterator, ConsumerBatch } from './consumer-batch.ts';
import { type ConsumerSettings, parseConsumerOptions, parseStartPosition } from './consumer-settings.ts';
import type { Assignment, ConsumerOptions, PartitionOffset, StartPosition, TopicPartitionName } from './consumer-types.ts';
import { Fetcher } from './fetcher.ts';
import type { HandOutHooks } from './hand-out-hooks.ts';

/** A batch whose records are being handed out one by one. */
interface Cursor<K, V> {
  readonly delivery: Delivery<K, V>;
  readonly records: BatchIterator<K, V>;
}

/**
 * Reads partitions, by assignment. Iterate it for records, or `batches()` for whole batches, which is faster; either way it
 * goes on where the last iteration stopped. Made by `moldau.consumer`.
 *
 * @example
 * await using consumer = moldau.consumer({ assignment: [{ topic: 'orders', from: 'earliest' }], valueDeserializer: serdes.string });
 * for await (const record of consumer) console.log(record.partition, record.offset, record.value);
 */
export class Consumer<K = Uint8Array, V = Uint8Array> implements AsyncIterable<ConsumedRecord<K, V>> {
  readonly #cluster: Cluster;
  readonly #settings: ConsumerSettings<K, V>;
  readonly #fetcher: Fetcher<K, V>;
  readonly #source: BatchSource<K, V>;
  readonly #onClosed: () => void;
  readonly #hooks: HandOutHooks<K, V>;
  readonly #onAbort: () => void;
  readonly #signal: AbortSignal | undefined;
  /** Resolves when the assignments given so far are in place, or have failed. */
  #assigned: Promise<void> = Promise.resolve();
  #assigning = 0;
  #interrupts = 0;
  #cursor: Cursor<K, V> | undefined;
  /** The batch that the user has: its credit goes back when the next is asked for. */
  #held: Delivery<K, V> | undefined;
  /** Woken when something arrives. */
  #waiters: (() => void)[] = [];
  /** Batches are taken one caller after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** For `moldau.consumer`. @internal */
  constructor(cluster: Cluster, options: ConsumerOptions<K, V>, onClosed: () => void, hooks: HandOutHooks<K, V> = {}) {
    this.#cluster = cluster;
    this.#hooks = hooks;
    this.#settings = parseConsumerOptions(options);
    this.#onClosed = onClosed;
    this.#fetcher = new Fetcher(cluster, this.#settings, {
      arrived: (item) => {
        this.#source.add(item);
        this.#wake();
      },
      changed: () => this.#wake(),
    });
    this.#source = new BatchSource(this.#settings, cluster.ports.compute, this.#fetcher);
    this.#signal = options.signal;
    this.#onAbort = () => void this.close();
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (options.signal?.aborted === true) this.#onAbort();
    else if (options.assignment.length > 0) this.#assignInBackground(options.assignment);
  }

  /**
   * Reads these partitions too; one that is read already starts anew. Resolves when their topics are known.
   *
   * @throws MoldauError UNKNOWN_TOPIC, UNKNOWN_PARTITION, INVALID_CONFIG; CONNECTION_FAILED and others when no broker answers
   */
  assign(assignments: readonly Assignment[]): Promise<void> {
    this.#assertOpen();
    for (const { from } of assignments) if (from !== undefined) parseStartPosition('from', from);
    this.#assigning += 1;
    const assigned = this.#assigned
      .then(() => this.#fetcher.assign(assignments))
      .finally(() => {
        this.#assigning -= 1;
        this.#wake();
      });
    this.#assigned = assigned.catch(() => {});
    return assigned;
  }

  /** Stops reading a partition, or all of a topic. Its records that are fetched already are dropped. */
  unassign(targets: readonly { readonly topic: string; readonly partition?: number }[]): void {
    this.#fetcher.unassign(targets);
  }

  /** What is read now. */
  assignment(): readonly TopicPartitionName[] {
    return [...this.#fetcher.partitions].map(({ topic, partition }) => ({ topic, partition }));
  }

  /**
   * Goes on from there; no record from before the seek follows it. Resolves when the position is known.
   *
   * @throws MoldauError UNKNOWN_PARTITION when it is not assigned; INVALID_CONFIG
   */
  async seek(target: TopicPartitionName, to: StartPosition): Promise<void> {
    this.#assertOpen();
    parseStartPosition('to', to);
    await this.#assigned;
    await this.#fetcher.seek(this.#fetcher.partition(target), to);
  }

  /** Gives no records of these partitions until `resume`. */
  pause(...targets: readonly TopicPartitionName[]): void {
    this.#fetcher.pause(targets);
  }

  resume(...targets: readonly TopicPartitionName[]): void {
    this.#fetcher.resume(targets);
  }

  /** Offset of the next record to come; undefined while it is being looked up. @throws MoldauError UNKNOWN_PARTITION */
  position(target: TopicPartitionName): Offset | undefined {
    return this.#fetcher.partition(target).position;
  }

  /** Records between the position and the end as the broker last told it; undefined before it did. @throws MoldauError UNKNOWN_PARTITION */
  lag(target: TopicPartitionName): number | undefined {
    const { position, visibleEnd } = this.#fetcher.partition(target);
    return position === undefined || visibleEnd === undefined ? undefined : Math.max(0, visibleEnd - position);
  }

  /** The ends of the assigned partitions now. @throws MoldauError the first that could not be found */
  async endOffsets(options: { readonly signal?: AbortSignal } = {}): Promise<readonly PartitionOffset[]> {
    this.#assertOpen();
    await this.#assigned;
    return findEnds(this.#cluster, this.assignment(), { isolation: this.#settings.isolation, signal: options.signal });
  }

  /** Batch by batch. Each counts as read when it is handed out. */
  batches(): AsyncIterableIterator<ConsumerBatch<K, V>, undefined> {
    const iterator: AsyncIterableIterator<ConsumerBatch<K, V>, undefined> = {
      next: async () => {
        const delivery = await this.#take();
        if (delivery === undefined) return { done: true, value: undefined };
        this.#hooks.batch?.(delivery.batch);
        this.#fetcher.delivered(delivery.chunk.partition, delivery.batch.lastOffset + 1);
        return { done: false, value: delivery.batch };
      },
      return: async () => ({ done: true, value: undefined }),
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  /** Record by record. */
  [Symbol.asyncIterator](): AsyncIterator<ConsumedRecord<K, V>, undefined> {
    return {
      next: () => {
        try {
          const record = this.#nextAtHand();
          return record === undefined ? this.#nextRecord() : Promise.resolve({ done: false, value: record });
        } catch (error) {
          return Promise.reject(MoldauError.from(error));
        }
      },
      return: async () => ({ done: true, value: undefined }),
    };
  }

  /** @internal */
  reads({ topic, partition }: TopicPartitionName): boolean {
    return this.#fetcher.partitions.find(topic, partition) !== undefined;
  }

  /** Leader epoch of the record before `offset`, as far as it was read; for commits. @internal */
  epochBefore(target: TopicPartitionName, offset: number): number | undefined {
    return this.#fetcher.partition(target).epochs.before(offset);
  }

  /** Whoever waits for batches is told that there are none; later ones wait again. @internal */
  interrupt(): void {
    this.#interrupts += 1;
    this.#wake();
  }

  /** Iteration fails with this, after what has arrived. @internal */
  failWith(error: MoldauError): void {
    if (this.#closed) return;
    this.#source.add({ t: 'failure', partition: undefined, positionId: 0, error });
    this.#wake();
  }

  /** Iteration ends, and nothing of the consumer runs any more. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#fetcher.close();
    this.#wake();
    this.#onClosed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #assignInBackground(assignment: readonly Assignment[]): void {
    // Counted until its failure can be read: before that, `stopAtEnd` would find nothing left to read and end without a word.
    this.#assigning += 1;
    const assigned = this.assign(assignment).catch((caught: unknown) => this.failWith(MoldauError.from(caught)));
    void assigned.finally(() => {
      this.#assigning -= 1;
      this.#wake();
    });
  }

  /** The next record of the batch at hand, if its partition has not moved. */
  #nextAtHand(): ConsumedRecord<K, V> | undefined {
    const cursor = this.#cursor;
    if (cursor === undefined) return undefined;
    const { chunk, batch } = cursor.delivery;
    if (chunk.partition.positionId !== chunk.positionId) {
      this.#cursor = undefined;
      return undefined;
    }
    const record = this.#readAt(cursor);
    if (record === undefined) {
      this.#cursor = undefined;
      this.#fetcher.delivered(chunk.partition, batch.lastOffset + 1);
      return undefined;
    }
    this.#hooks.record?.(record);
    chunk.partition.position = (record.offset + 1) as Offset;
    return record;
  }

  #readAt({ records, delivery }: Cursor<K, V>): ConsumedRecord<K, V> | undefined {
    try {
      return records.readNext();
    } catch (caught) {
      this.#cursor = undefined;
      throw this.#fetcher.abandon(delivery.chunk.partition, MoldauError.from(caught));
    }
  }

  async #nextRecord(): Promise<IteratorResult<ConsumedRecord<K, V>, undefined>> {
    for (;;) {
      // Another caller may have opened a batch meanwhile.
      const atHand = this.#nextAtHand();
      if (atHand !== undefined) return { done: false, value: atHand };
      const delivery = await this.#take();
      if (delivery === undefined) return { done: true, value: undefined };
      this.#cursor = { delivery, records: delivery.batch[Symbol.iterator]() };
    }
  }

  /** The next batch, once there is one; undefined at the end. */
  #take(): Promise<Delivery<K, V> | undefined> {
    const taken = this.#turn.then(() => this.#takeNow());
    this.#turn = taken.catch(() => {});
    return taken;
  }

  async #takeNow(): Promise<Delivery<K, V> | undefined> {
    this.#release();
    for (const begun = this.#interrupts; ; ) {
      if (this.#closed || this.#interrupts !== begun) return undefined;
      const next = this.#source.next();
      const delivery = next instanceof Promise ? await next : next;
      if (delivery !== undefined) {
        this.#held = delivery;
        return delivery;
      }
      if (this.#finished()) return undefined;
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  /** The user is done with the batch it had; what it left of it is handed out again. */
  #release(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined) return;
    if (this.#cursor?.delivery === held) {
      this.#cursor = undefined;
      if (held.chunk.partition.positionId === held.chunk.positionId) {
        this.#source.putBack(held);
        return;
      }
    }
    held.chunk.reader.consumed(held.bytes);
  }

  /** Whether all that `stopAtEnd` asks for has been read. */
  #finished(): boolean {
    if (!this.#settings.stopAtEnd || this.#assigning > 0) return false;
    for (const { phase } of this.#fetcher.partitions) if (phase.t !== 'ended' && phase.t !== 'failed') return false;
    return true;
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }

  #assertOpen(): void {
    throwIfAborted(this.#signal, 'the consumer');
    if (this.#closed) throw new MoldauError('CLIENT_CLOSED', 'the consumer is closed');
  }
}
