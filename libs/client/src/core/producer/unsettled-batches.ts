import type { Clock, Scheduler, Timer } from '@moldau/kernel';
import { createDeferred, type Deferred } from '../deferred.ts';
import { Fifo } from '../fifo.ts';
import type { PartitionQueue } from './partition-queue.ts';
import type { ProducerBatch } from './producer-batch.ts';

interface Entry {
  readonly queue: PartitionQueue;
  readonly batch: ProducerBatch;
}

interface Mark extends Deferred<void> {
  /** All batches up to this id. */
  readonly batchId: number;
}

/** All batches whose records are not settled, oldest first: for the delivery timeout, and for `flush`. */
export class UnsettledBatches {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #timeoutMs: number;
  readonly #expire: (queue: PartitionQueue, batch: ProducerBatch) => void;
  readonly #entries = new Fifo<Entry>();
  readonly #marks = new Fifo<Mark>();
  #lastId = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, scheduler: Scheduler, timeoutMs: number, expire: (queue: PartitionQueue, batch: ProducerBatch) => void) {
    this.#clock = clock;
    this.#scheduler = scheduler;
    this.#timeoutMs = timeoutMs;
    this.#expire = expire;
  }

  /** The id of the next batch. */
  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  add(queue: PartitionQueue, batch: ProducerBatch): void {
    this.#entries.push({ queue, batch });
    this.#arm();
  }

  /** To be called whenever a batch is settled. */
  advance(): void {
    while (this.#entries.first?.batch.settled === true) this.#entries.shift();
    const oldest = this.#entries.first?.batch.id ?? Number.POSITIVE_INFINITY;
    for (let mark = this.#marks.first; mark !== undefined && mark.batchId < oldest; mark = this.#marks.first) {
      this.#marks.shift();
      mark.resolve(undefined);
    }
    if (this.#entries.first === undefined) {
      this.#timer?.cancel();
      this.#timer = undefined;
    }
  }

  /** Resolves when all batches that were begun before are settled. */
  settled(): Promise<void> {
    const mark: Mark = { ...createDeferred<void>(), batchId: this.#lastId };
    this.#marks.push(mark);
    this.advance();
    return mark.promise;
  }

  /** Returns the queues whose batches are not settled. */
  close(): ReadonlySet<PartitionQueue> {
    this.#timer?.cancel();
    this.#timer = undefined;
    return new Set(this.#entries.drain().map(({ queue }) => queue));
  }

  #arm(): void {
    const first = this.#entries.first;
    if (this.#timer !== undefined || first === undefined) return;
    const dueMs = first.batch.createdAtMs + this.#timeoutMs;
    this.#timer = this.#scheduler.after(Math.max(0, dueMs - this.#clock.monotonicMs()), () => {
      this.#timer = undefined;
      const nowMs = this.#clock.monotonicMs();
      for (let entry = this.#entries.first; entry !== undefined; entry = this.#entries.first) {
        if (!entry.batch.settled && entry.batch.createdAtMs + this.#timeoutMs > nowMs) break;
        this.#entries.shift();
        this.#expire(entry.queue, entry.batch);
      }
      this.advance();
      this.#arm();
    });
  }
}
