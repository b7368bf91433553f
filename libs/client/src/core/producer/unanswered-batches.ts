import type { Clock, Scheduler, Timer } from '@moldau/kernel';
import type { PartitionQueue } from './partition-queue.ts';
import type { ProducerBatch } from './producer-batch.ts';

export interface Unanswered {
  readonly queue: PartitionQueue;
  readonly batch: ProducerBatch;
  readonly bytes: number;
  readonly sentAtMs: number;
}

/** What has been sent on one stream and not been answered, oldest first; notices when the answers fail to come. */
export class UnansweredBatches {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #patienceMs: number;
  readonly #silent: (waitedMs: number) => void;
  readonly #batches = new Map<number, Unanswered>();
  #bytes = 0;
  /** When the stream was opened, until it is. */
  #openingSinceMs: number | undefined;
  #watchdog: Timer | undefined;

  /** `silent` is called once when the oldest has waited for `patienceMs`. */
  constructor(clock: Clock, scheduler: Scheduler, patienceMs: number, silent: (waitedMs: number) => void) {
    this.#clock = clock;
    this.#scheduler = scheduler;
    this.#patienceMs = patienceMs;
    this.#silent = silent;
  }

  get count(): number {
    return this.#batches.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The stream is being opened: its first answer is that it is. */
  opening(): void {
    this.#openingSinceMs = this.#clock.monotonicMs();
    this.#watch();
  }

  opened(): void {
    this.#openingSinceMs = undefined;
  }

  add(queue: PartitionQueue, batch: ProducerBatch, bytes: number): void {
    this.#batches.set(batch.id, { queue, batch, bytes, sentAtMs: this.#clock.monotonicMs() });
    this.#bytes += bytes;
    this.#watch();
  }

  /** The batch is answered. */
  take(batchId: number): Unanswered | undefined {
    const unanswered = this.#batches.get(batchId);
    if (unanswered === undefined) return undefined;
    this.#batches.delete(batchId);
    this.#bytes -= unanswered.bytes;
    return unanswered;
  }

  /** All of them: the stream is over. */
  drain(): readonly Unanswered[] {
    const lost = [...this.#batches.values()];
    this.#batches.clear();
    this.#bytes = 0;
    this.#openingSinceMs = undefined;
    this.#watchdog?.cancel();
    this.#watchdog = undefined;
    return lost;
  }

  #oldestMs(): number | undefined {
    if (this.#openingSinceMs !== undefined) return this.#openingSinceMs;
    for (const { sentAtMs } of this.#batches.values()) return sentAtMs;
    return undefined;
  }

  /** One timer, set anew only when it fires: answers come far more often than it does. */
  #watch(): void {
    const oldestMs = this.#oldestMs();
    if (this.#watchdog !== undefined || oldestMs === undefined) return;
    const waitMs = Math.max(0, oldestMs + this.#patienceMs - this.#clock.monotonicMs());
    this.#watchdog = this.#scheduler.after(
      waitMs,
      () => {
        this.#watchdog = undefined;
        const now = this.#oldestMs();
        if (now === undefined) return;
        const waitedMs = this.#clock.monotonicMs() - now;
        if (waitedMs < this.#patienceMs) this.#watch();
        else this.#silent(Math.round(waitedMs));
      },
      { background: true },
    );
  }
}
