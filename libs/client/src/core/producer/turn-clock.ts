import type { Clock, Scheduler } from '@moldau/kernel';

/** Readings that one look at the clock is good for, in a loop that never lets the event loop turn. */
const READINGS_MAX = 64;

/** Wall time for records' timestamps, looked up once for the records sent together: the clock costs as much as the encoding. */
export class TurnClock {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  #nowMs = 0;
  #left = 0;
  #scheduled = false;

  constructor(clock: Clock, scheduler: Scheduler) {
    this.#clock = clock;
    this.#scheduler = scheduler;
  }

  /** Milliseconds since the Unix epoch, at most one turn of the event loop or a few dozen calls old. */
  wallMs(): number {
    if (this.#left > 0) {
      this.#left -= 1;
      return this.#nowMs;
    }
    this.#nowMs = this.#clock.wallMs();
    this.#left = READINGS_MAX;
    if (!this.#scheduled) {
      this.#scheduled = true;
      this.#scheduler.nextTurn(() => {
        this.#scheduled = false;
        this.#left = 0;
      });
    }
    return this.#nowMs;
  }
}
