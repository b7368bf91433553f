import type { Scheduler, Timer } from '@moldau/kernel';
import type { ShardLimits } from './shard-limits.ts';

/** Waits between attempts, which double from one to the next, and end at once when the shard is given up. */
export class Pause {
  readonly #scheduler: Scheduler;
  readonly #limits: Pick<ShardLimits, 'backOffMsMin' | 'backOffMsMax'>;
  #nextMs: number;
  #waiting: { readonly timer: Timer; readonly end: () => void } | undefined;
  #ended = false;

  constructor(scheduler: Scheduler, limits: Pick<ShardLimits, 'backOffMsMin' | 'backOffMsMax'>) {
    this.#scheduler = scheduler;
    this.#limits = limits;
    this.#nextMs = limits.backOffMsMin;
  }

  /** Whether `end` was called. */
  get ended(): boolean {
    return this.#ended;
  }

  async wait(): Promise<void> {
    if (this.#ended) return;
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(2 * delayMs, this.#limits.backOffMsMax);
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#waiting = undefined;
        resolve();
      };
      this.#waiting = { timer: this.#scheduler.after(delayMs, done), end: done };
    });
  }

  /** An attempt succeeded: the next failure begins at the shortest wait. */
  reset(): void {
    this.#nextMs = this.#limits.backOffMsMin;
  }

  /** Nobody wants another attempt. */
  end(): void {
    this.#ended = true;
    this.#waiting?.timer.cancel();
    this.#waiting?.end();
  }
}
