import type { Clock, Scheduler, Timer } from '@moldau/kernel';
import { nextTurn } from '../disk-calls.ts';

/** Bytes of records looked at in one step of the event loop: about two milliseconds. */
const STEP_BYTES = 128 * 1024;
/** What a pause may leave to be made up for later. */
const BURST_MS = 100;

/** Work of the cleaner was given up: its directory closes. */
export class CleaningStopped extends Error {
  override readonly name = 'CleaningStopped';
}

/** Keeps compaction off everyone's way: short steps, and so many bytes read and written a second over all partitions. */
export class Pace {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #bytesPerSecond: () => number;
  #freeAtMs = 0;
  #stepBytes = 0;
  #stopped = false;
  #waiting: { readonly timer: Timer; readonly resolve: () => void } | undefined;

  constructor(ports: { readonly clock: Clock; readonly scheduler: Scheduler }, bytesPerSecond: () => number) {
    this.#clock = ports.clock;
    this.#scheduler = ports.scheduler;
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Waits until so many bytes of input or output are within the budget. @throws CleaningStopped */
  async transfer(bytes: number): Promise<void> {
    this.#assertGoing();
    const nowMs = this.#clock.monotonicMs();
    this.#freeAtMs = Math.max(this.#freeAtMs, nowMs - BURST_MS) + (1000 * bytes) / this.#bytesPerSecond();
    const delayMs = this.#freeAtMs - nowMs;
    if (delayMs < 1) return;
    await new Promise<void>((resolve) => {
      const timer = this.#scheduler.after(delayMs, resolve, { background: true });
      this.#waiting = { timer, resolve };
    });
    this.#waiting = undefined;
    this.#assertGoing();
  }

  /** Whether the step is over once these bytes were looked at: then `turn` is due. */
  worked(bytes: number): boolean {
    this.#stepBytes += bytes;
    return this.#stepBytes >= STEP_BYTES;
  }

  /** Ends a step. @throws CleaningStopped */
  async turn(): Promise<void> {
    this.#stepBytes = 0;
    await nextTurn(this.#scheduler);
    this.#assertGoing();
  }

  /** Work under way throws at its next step. */
  stop(): void {
    this.#stopped = true;
    this.#waiting?.timer.cancel();
    this.#waiting?.resolve();
  }

  #assertGoing(): void {
    if (this.#stopped) throw new CleaningStopped();
  }
}
