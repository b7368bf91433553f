import type { Scheduler, Timer } from '@moldau/kernel';

/** When a member says that it lives, and when it must think that it is none any more. */
export class MemberTimers {
  readonly #scheduler: Scheduler;
  #heartbeat: Timer | undefined;
  /** Runs while it has no stream: after that its partitions are somebody else's. */
  #session: Timer | undefined;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  beatAfter(delayMs: number, beat: () => void): void {
    this.stopBeating();
    this.#heartbeat = this.#scheduler.after(delayMs, beat, { background: true });
  }

  stopBeating(): void {
    this.#heartbeat?.cancel();
  }

  sessionEndsAfter(delayMs: number, end: () => void): void {
    this.sessionGoesOn();
    this.#session = this.#scheduler.after(delayMs, end, { background: true });
  }

  sessionGoesOn(): void {
    this.#session?.cancel();
  }

  cancel(): void {
    this.stopBeating();
    this.sessionGoesOn();
  }
}
