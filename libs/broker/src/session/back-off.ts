import type { Random } from '@moldau/kernel';

/** First wait between attempts to reach a coordinator. */
export const BACK_OFF_MS_MIN = 50;
/** Longest wait: how soon a broker notices that its coordinators are back. */
export const BACK_OFF_MS_MAX = 1_000;

/** Waits that double from attempt to attempt, each at random in its upper half so that brokers do not come all at once. */
export class BackOff {
  readonly #random: Random;
  #nextMs = BACK_OFF_MS_MIN;

  constructor(random: Random) {
    this.#random = random;
  }

  /** The next wait in milliseconds. */
  next(): number {
    const ceilingMs = this.#nextMs;
    this.#nextMs = Math.min(2 * ceilingMs, BACK_OFF_MS_MAX);
    return ceilingMs * (0.5 + 0.5 * this.#random.fraction());
  }

  /** An attempt succeeded: the next failure begins at the shortest wait. */
  reset(): void {
    this.#nextMs = BACK_OFF_MS_MIN;
  }
}
