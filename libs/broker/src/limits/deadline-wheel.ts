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

/** The timer, and the tick for which it is set. */
interface Armed {
  readonly tick: number;
  readonly timer: Timer;
}

/**
 * All waits of the broker on one timer, set for the first slot that holds any: ticks at which nothing can expire cost
 * nothing. Expires no earlier than asked and at most about two ticks later.
 */
export class DeadlineWheel {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #slots: Set<Entry>[] = Array.from({ length: SLOTS }, () => new Set<Entry>());
  #entries = 0;
  #tick = 0;
  #armed: Armed | undefined;

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
    const current = Math.floor(now / TICK_MS);
    // What lies before the armed tick is empty: nothing is passed over.
    if (this.#entries === 0 || current < (this.#armed?.tick ?? 0)) this.#tick = Math.max(this.#tick, current);
    const entry: Entry = { atMs: now + delayMs, expire };
    const tick = Math.max(Math.ceil(entry.atMs / TICK_MS), this.#tick + 1);
    const slot = this.#slotAt(tick);
    slot.add(entry);
    this.#entries += 1;
    if (this.#armed === undefined || tick < this.#armed.tick) this.#arm(tick, now);
    return {
      cancel: () => {
        if (slot.delete(entry)) this.#entries -= 1;
      },
    };
  }

  #slotAt(tick: number): Set<Entry> {
    return present(this.#slots[tick % SLOTS], 'the wheel has a slot for each tick');
  }

  #arm(tick: number, now: number): void {
    this.#armed?.timer.cancel();
    const timer = this.#scheduler.after(Math.max(tick * TICK_MS - now, 0), () => this.#turn(), { background: true });
    this.#armed = { tick, timer };
  }

  /** The first tick to come with anything in its slot, be it for a later round. */
  #nextTick(): number | undefined {
    if (this.#entries === 0) return undefined;
    for (let tick = this.#tick + 1; tick <= this.#tick + SLOTS; tick += 1) {
      if (this.#slotAt(tick).size > 0) return tick;
    }
    return undefined;
  }

  #turn(): void {
    this.#armed = undefined;
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
    const next = this.#nextTick();
    if (next !== undefined) this.#arm(next, now);
    for (const entry of due) entry.expire();
  }
}
