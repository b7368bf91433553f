import { type Clock, present, type Scheduler, type Timer } from '@moldau/kernel';

/** Resolution of deadlines: fine enough for a fetch's wait, coarse enough that ticks cost nothing. */
const TICK_MS = 10;
/** Slots of the wheel: deadlines up to ten seconds ahead are visited once, later ones once per round. */
const SLOTS = 1024;

/** Something that expires. Kept by its owner, who cancels it when it is done in time. */
export interface Deadline {
  /** Idempotent; after it `expire` does not run. */
  cancel(): void;
}

interface Entry {
  readonly atMs: number;
  readonly expire: () => void;
}

/**
 * All waits of the broker on one timer, which runs only while there are any. Expires no earlier than asked and at most
 * about two ticks later.
 */
export class DeadlineWheel {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #slots: Set<Entry>[] = Array.from({ length: SLOTS }, () => new Set<Entry>());
  #entries = 0;
  #tick = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, scheduler: Scheduler) {
    this.#clock = clock;
    this.#scheduler = scheduler;
  }

  /** Entries that have neither expired nor been cancelled. */
  get size(): number {
    return this.#entries;
  }

  /** Runs `expire` once, `delayMs` from now. */
  after(delayMs: number, expire: () => void): Deadline {
    const now = this.#clock.monotonicMs();
    if (this.#entries === 0) this.#tick = Math.floor(now / TICK_MS);
    const entry: Entry = { atMs: now + delayMs, expire };
    const slot = this.#slotAt(Math.max(Math.ceil(entry.atMs / TICK_MS), this.#tick + 1));
    slot.add(entry);
    this.#entries += 1;
    this.#arm();
    return {
      cancel: () => {
        if (slot.delete(entry)) this.#entries -= 1;
      },
    };
  }

  #slotAt(tick: number): Set<Entry> {
    return present(this.#slots[tick % SLOTS], 'the wheel has a slot for each tick');
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#entries === 0) return;
    this.#timer = this.#scheduler.after(TICK_MS, () => this.#turn(), { background: true });
  }

  #turn(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonicMs();
    const until = Math.floor(now / TICK_MS);
    // After a pause longer than a round every slot is visited once, not once per missed round.
    const first = Math.max(this.#tick + 1, until - SLOTS + 1);
    const due: Entry[] = [];
    for (let tick = first; tick <= until; tick += 1) {
      const slot = this.#slotAt(tick);
      for (const entry of slot) {
        if (entry.atMs > now) continue;
        slot.delete(entry);
        due.push(entry);
      }
    }
    this.#tick = Math.max(this.#tick, until);
    this.#entries -= due.length;
    for (const entry of due) entry.expire();
    this.#arm();
  }
}
