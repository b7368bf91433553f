import type { Scheduler, Timer } from '@moldau/kernel';

/** Signs of life of one member, as often as its group wants them. */
export class Heartbeats {
  readonly #scheduler: Scheduler;
  readonly #beat: () => void;
  #timer: Timer | undefined;

  constructor(scheduler: Scheduler, beat: () => void) {
    this.#scheduler = scheduler;
    this.#beat = beat;
  }

  /** From now on. */
  every(intervalMs: number): void {
    this.close();
    this.#timer = this.#scheduler.after(Math.max(1, intervalMs), () => {
      this.#beat();
      this.every(intervalMs);
    });
  }

  close(): void {
    this.#timer?.cancel();
  }
}
