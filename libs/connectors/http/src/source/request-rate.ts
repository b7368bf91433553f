import type { Clock } from '@moldau/kernel';

/** A bucket of one second's requests that refills steadily. */
export class RequestRate {
  readonly #perSecond: number;
  readonly #clock: Clock;
  #tokens: number;
  #refilledAtMs: number;

  /** `perSecond` 0: no bound. */
  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond;
    this.#clock = clock;
    this.#tokens = perSecond;
    this.#refilledAtMs = clock.monotonicMs();
  }

  /** Whether one more request may come now. */
  take(): boolean {
    if (this.#perSecond === 0) return true;
    const now = this.#clock.monotonicMs();
    this.#tokens = Math.min(this.#perSecond, this.#tokens + ((now - this.#refilledAtMs) / 1000) * this.#perSecond);
    this.#refilledAtMs = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
