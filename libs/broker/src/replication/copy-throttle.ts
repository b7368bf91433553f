import type { Clock } from '@moldau/kernel';

/** The rate that says: as fast as it goes. */
export const UNLIMITED_BYTES_PER_SECOND = Number.MAX_SAFE_INTEGER;
/** How much of a pause may be made up for: a copy that waited begins without a burst. */
const BURST_MS = 250;

/**
 * The bytes a second that this broker takes for replicas which reassignments add to it (`follower.replication.throttled.rate`):
 * a bucket that fills at that rate, and from which every copy takes before its leader may send. In-sync replicas take nothing
 * from it, so that no throttle holds a confirmation up or shrinks an ISR.
 */
export class CopyThrottle {
  readonly #clock: Clock;
  readonly #bytesPerSecond: () => number;
  #bytes = 0;
  #filledMs: number;

  constructor(clock: Clock, bytesPerSecond: () => number) {
    this.#clock = clock;
    this.#bytesPerSecond = bytesPerSecond;
    this.#filledMs = clock.monotonicMs();
  }

  /** Whether there is a rate at all. */
  get limits(): boolean {
    return this.#bytesPerSecond() < UNLIMITED_BYTES_PER_SECOND;
  }

  /** The most that is given at once, ≥ 1. */
  get burstBytes(): number {
    return Math.max(1, Math.floor((this.#bytesPerSecond() * BURST_MS) / 1_000));
  }

  /** As much of `wantedBytes` as may be sent now. */
  take(wantedBytes: number): number {
    const nowMs = this.#clock.monotonicMs();
    const filled = this.#bytes + ((nowMs - this.#filledMs) * this.#bytesPerSecond()) / 1_000;
    this.#filledMs = nowMs;
    this.#bytes = Math.min(filled, this.burstBytes);
    const taken = Math.max(0, Math.min(wantedBytes, Math.floor(this.#bytes)));
    this.#bytes -= taken;
    return taken;
  }
}
