import type { Clock, Scheduler, Timer } from '@moldau/kernel';
import type { PartitionQueue } from './partition-queue.ts';
import type { ProducerBatch } from './producer-batch.ts';

export interface Unanswered {
  readonly queue: PartitionQueue;
  readonly batch: ProducerBatch;
  readonly bytes: number;
  readonly sentAtMs: number;
}

/** A broker that lives answers, when its leadership ends, all that it owes: at once. */
const MOVED_PATIENCE_MS = 200;

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
  #movedWatchdog: Timer | undefined;

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

  /** Leaders have moved: what another broker leads by now is waited for a moment only. */
  leadersMoved(brokerId: number): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#movedWatchdog !== undefined || this.#oldestMovedMs(brokerId) === undefined) return;
    this.#movedWatchdog = this.#scheduler.after(
      MOVED_PATIENCE_MS,
      () => {
        this.#movedWatchdog = undefined;
        const sentAtMs = this.#oldestMovedMs(brokerId);
        if (sentAtMs === undefined) return;
        if (sentAtMs <= nowMs) this.#silent(Math.round(this.#clock.monotonicMs() - sentAtMs));
        else this.leadersMoved(brokerId);
      },
      { background: true },
    );
  }

  /** All of them: the stream is over. */
  drain(): readonly Unanswered[] {
    const lost = [...this.#batches.values()];
    this.#batches.clear();
    this.#bytes = 0;
    this.#openingSinceMs = undefined;
    this.#watchdog?.cancel();
    this.#watchdog = undefined;
    this.#movedWatchdog?.cancel();
    this.#movedWatchdog = undefined;
    return lost;
  }

  #oldestMovedMs(brokerId: number): number | undefined {
    for (const { queue, sentAtMs } of this.#batches.values()) {
      const leaderId = queue.leader()?.leaderId;
      if (leaderId !== undefined && leaderId !== brokerId) return sentAtMs;
    }
    return undefined;
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
