import type { Random, Scheduler, Timer } from '@moldau/kernel';
import { backoffMs } from '../backoff.ts';

/**
 * How a partition sends:
 *
 *   flowing   batches go out, up to `maxInFlight` unanswered
 *   draining  one failed: nothing goes out until the others under way are answered, or order would be lost
 *   holding   none is under way; waits before the failed ones go out again, in their order
 *
 * Moves: flowing → draining (a failure) → holding (none is under way) → flowing (the wait is over).
 */
type Phase =
  | { readonly t: 'flowing' }
  | { readonly t: 'draining' }
  | { readonly t: 'holding'; readonly timer: Timer; readonly resume: () => void };

const FLOWING: Phase = { t: 'flowing' };
const DRAINING: Phase = { t: 'draining' };

/** Whether a partition sends, and how long it waits after failures. */
export class SendingPhase {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  #phase: Phase = FLOWING;
  /** Failures since the last success. */
  #failures = 0;
  #retryAfterMs = 0;
  /** A failure said that the next wait need be no longer than this. */
  #retryWithinMs = Number.POSITIVE_INFINITY;

  constructor(scheduler: Scheduler, random: Random) {
    this.#scheduler = scheduler;
    this.#random = random;
  }

  get isFlowing(): boolean {
    return this.#phase.t === 'flowing';
  }

  get isDraining(): boolean {
    return this.#phase.t === 'draining';
  }

  succeeded(): void {
    this.#failures = 0;
  }

  /** The next wait is no shorter than this. */
  waitAtLeast(delayMs: number): void {
    this.#retryAfterMs = Math.max(this.#retryAfterMs, delayMs);
  }

  /** The next wait is no longer than this, but for what `waitAtLeast` says; 0: a failure said who leads now, and that one is tried at once. */
  retryWithin(delayMs: number): void {
    this.#retryWithinMs = Math.min(this.#retryWithinMs, delayMs);
  }

  /** Somebody else leads: how often the one before failed says nothing, and what waits is tried at once. */
  leaderMoved(): void {
    this.#failures = 0;
    this.#retryAfterMs = 0;
    if (this.#phase.t === 'draining') this.#retryWithinMs = 0;
    if (this.#phase.t !== 'holding') return;
    this.#phase.timer.cancel();
    this.#wait(0, this.#phase.resume);
  }

  /** Nothing more goes out; `hold` follows once all under way is answered. */
  drain(): void {
    if (this.#phase.t === 'holding') this.#phase.timer.cancel();
    this.#phase = DRAINING;
  }

  /** Waits, if something is to be sent again; then `resume` runs, and it flows. */
  hold(again: boolean, resume: () => void): void {
    const backMs = Math.min(this.#retryWithinMs, backoffMs(this.#random, this.#failures));
    const pauseMs = again ? Math.max(this.#retryAfterMs, backMs) : 0;
    this.#retryAfterMs = 0;
    this.#retryWithinMs = Number.POSITIVE_INFINITY;
    this.#failures += 1;
    this.#wait(pauseMs, resume);
  }

  #wait(pauseMs: number, resume: () => void): void {
    const timer = this.#scheduler.after(pauseMs, () => {
      resume();
      this.#phase = FLOWING;
    });
    this.#phase = { t: 'holding', timer, resume };
  }
}
