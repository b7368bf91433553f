import type { Clock } from '@moldau/kernel';

/** Wall time at the start of a simulation: 2026-01-01T00:00:00Z. */
export const SIM_EPOCH_MS = 1_767_225_600_000;

/** The clocks of one node: both run with virtual time; the wall clock may be wrong and may jump. */
export class SimClock implements Clock {
  readonly #now: () => number;
  readonly #startMs: number;
  #wallOffsetMs: number;

  /** `now`: virtual time in milliseconds. The monotonic clock starts at 0 with the node, as a rebooted machine's does. */
  constructor(now: () => number, wallOffsetMs = 0) {
    this.#now = now;
    this.#startMs = now();
    this.#wallOffsetMs = wallOffsetMs;
  }

  monotonicMs(): number {
    return this.#now() - this.#startMs;
  }

  wallMs(): number {
    return Math.floor(SIM_EPOCH_MS + this.#now() + this.#wallOffsetMs);
  }

  /** Moves the wall clock, forward or back; the monotonic one does not notice. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }
}
