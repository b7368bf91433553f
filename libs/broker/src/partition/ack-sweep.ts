import type { Clock } from '@moldau/kernel';
import type { Deadline, DeadlineWheel } from '../limits/deadline-wheel.ts';
import type { Partition } from './partition.ts';

/** How often partitions with waiting batches are looked at: how late REQUEST_TIMED_OUT may be. */
const SWEEP_MS = 100;

/** Sees to the deadlines of batches that wait for their confirmation: one timer for all, none per batch. */
export class AckSweep {
  readonly #clock: Clock;
  readonly #wheel: DeadlineWheel;
  readonly #partitions = new Set<Partition>();
  #deadline: Deadline | undefined;

  constructor(clock: Clock, wheel: DeadlineWheel) {
    this.#clock = clock;
    this.#wheel = wheel;
  }

  add(partition: Partition): void {
    this.#partitions.add(partition);
    this.#deadline ??= this.#wheel.after(SWEEP_MS, () => this.#sweep());
  }

  #sweep(): void {
    this.#deadline = undefined;
    const now = this.#clock.monotonicMs();
    for (const partition of this.#partitions) if (!partition.expire(now)) this.#partitions.delete(partition);
    if (this.#partitions.size > 0) this.#deadline = this.#wheel.after(SWEEP_MS, () => this.#sweep());
  }
}
