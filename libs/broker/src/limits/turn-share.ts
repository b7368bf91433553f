import type { Scheduler } from '@moldau/kernel';

/** What one class of work may handle in one turn of the event loop before the others get theirs. */
export const TURN_SHARE_BYTES = 2 * 1024 * 1024;

/** One class's share of each turn of the event loop, in bytes. Who finds it spent waits for the next turn, in order. */
export class TurnShare {
  readonly #scheduler: Scheduler;
  readonly #limitBytes: number;
  #spent = 0;
  #armed = false;
  #waiters: (() => void)[] = [];

  constructor(scheduler: Scheduler, limitBytes: number = TURN_SHARE_BYTES) {
    this.#scheduler = scheduler;
    this.#limitBytes = limitBytes;
  }

  /** Whether this turn has something left; the last one to spend may overdraw. */
  get left(): boolean {
    return this.#spent < this.#limitBytes;
  }

  spend(bytes: number): void {
    this.#spent += bytes;
    this.#arm();
  }

  /** Runs `next` in a coming turn that has something left. */
  whenNextTurn(next: () => void): void {
    this.#waiters.push(next);
    this.#arm();
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    this.#scheduler.nextTurn(() => this.#turn());
  }

  #turn(): void {
    this.#armed = false;
    this.#spent = 0;
    const waiters = this.#waiters;
    this.#waiters = [];
    let at = 0;
    for (; at < waiters.length && this.left; at += 1) waiters[at]!();
    if (at === waiters.length) return;
    // Those who came first stay first; whoever asked during this turn goes behind them.
    this.#waiters = [...waiters.slice(at), ...this.#waiters];
    this.#arm();
  }
}
