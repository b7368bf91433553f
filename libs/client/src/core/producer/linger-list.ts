import type { Clock, Scheduler, Timer } from '@moldau/kernel';
import { Fifo } from '../fifo.ts';
import type { PartitionQueue } from './partition-queue.ts';
import type { ProducerBatch } from './producer-batch.ts';

interface Lingering {
  readonly queue: PartitionQueue;
  readonly batch: ProducerBatch;
  readonly dueMs: number;
}

/** Open batches that wait for more records, in the order in which they will be due: all wait equally long. */
export class LingerList {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #lingerMs: number;
  readonly #entries = new Fifo<Lingering>();
  #timer: Timer | undefined;

  constructor(clock: Clock, scheduler: Scheduler, lingerMs: number) {
    this.#clock = clock;
    this.#scheduler = scheduler;
    this.#lingerMs = lingerMs;
  }

  add(queue: PartitionQueue, batch: ProducerBatch): void {
    this.#entries.push({ queue, batch, dueMs: batch.createdAtMs + this.#lingerMs });
    this.#arm();
  }

  /** Makes the batches of these queues due before their time. */
  release(fits: (queue: PartitionQueue) => boolean): void {
    if (this.#entries.length === 0) return;
    const due: Lingering[] = [];
    this.#entries.filter((entry) => {
      if (!fits(entry.queue)) return true;
      due.push(entry);
      return false;
    });
    for (const { queue, batch } of due) queue.makeDue(batch);
  }

  close(): void {
    this.#timer?.cancel();
    this.#entries.drain();
  }

  #arm(): void {
    const first = this.#entries.first;
    if (this.#timer !== undefined || first === undefined) return;
    this.#timer = this.#scheduler.after(Math.max(0, first.dueMs - this.#clock.monotonicMs()), () => {
      this.#timer = undefined;
      const nowMs = this.#clock.monotonicMs();
      for (let entry = this.#entries.first; entry !== undefined && entry.dueMs <= nowMs; entry = this.#entries.first) {
        this.#entries.shift();
        entry.queue.makeDue(entry.batch);
      }
      this.#arm();
    });
  }
}
