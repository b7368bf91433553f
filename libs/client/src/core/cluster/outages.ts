import type { Clock, MoldauError, Scheduler, Timer } from '@moldau/kernel';

/** Something that does not work at the moment. */
export interface Outage<Subject> {
  readonly subject: Subject;
  /** By the monotonic clock. */
  readonly sinceMs: number;
  /** Why the last try failed. */
  readonly error: MoldauError;
}

export interface OutageEvents<Subject> {
  /** It has failed for `OUTAGE_AFTER_MS`. */
  began(outage: Outage<Subject>): void;
  /** It works again; only after `began`. */
  ended(subject: Subject, lastedMs: number): void;
  /** After `began`: whether it works is of no interest any more. */
  dropped(subject: Subject): void;
}

interface Entry<Subject> {
  readonly subject: Subject;
  readonly sinceMs: number;
  error: MoldauError;
  lastFailedMs: number;
  told: boolean;
}

/** A broken stream or a leader that moves is back sooner, and nobody's business. */
export const OUTAGE_AFTER_MS = 1_000;
/** Enough for all partitions of a large consumer; of more, the oldest are forgotten. */
const OUTAGES_MAX = 10_000;

/** What fails now and since when, told once when it lasts and once when it is over. Costs nothing while nothing fails. */
export class Outages<Subject> {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #events: OutageEvents<Subject>;
  readonly #entries = new Map<string, Entry<Subject>>();
  #timer: Timer | undefined;

  constructor(clock: Clock, scheduler: Scheduler, events: OutageEvents<Subject>) {
    this.#clock = clock;
    this.#scheduler = scheduler;
    this.#events = events;
  }

  /** A try failed. */
  failed(key: string, subject: Subject, error: MoldauError): void {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.error = error;
      known.lastFailedMs = nowMs;
      return;
    }
    if (this.#entries.size >= OUTAGES_MAX) for (const oldest of this.#entries.keys()) return this.#replace(oldest, key, subject, error);
    this.#entries.set(key, { subject, sinceMs: nowMs, lastFailedMs: nowMs, error, told: false });
    this.#arm();
  }

  /** It works. */
  recovered(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    if (entry.told) this.#events.ended(entry.subject, this.#clock.monotonicMs() - entry.sinceMs);
  }

  /** Nobody tries any more. */
  forget(key: string): void {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    if (entry?.told === true) this.#events.dropped(entry.subject);
  }

  /** Forgets what has not been tried for that long. */
  forgetUntried(forMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [key, { lastFailedMs }] of this.#entries) if (nowMs - lastFailedMs > forMs) this.forget(key);
  }

  /** All that fails, also if it only began to. */
  get failing(): Iterable<Outage<Subject>> {
    return this.#entries.values();
  }

  /** What has been told. */
  get lasting(): readonly Outage<Subject>[] {
    return [...this.#entries.values()].filter(({ told }) => told).map(({ subject, sinceMs, error }) => ({ subject, sinceMs, error }));
  }

  close(): void {
    this.#timer?.cancel();
    for (const key of [...this.#entries.keys()]) this.forget(key);
  }

  #replace(oldest: string, key: string, subject: Subject, error: MoldauError): void {
    this.forget(oldest);
    this.failed(key, subject, error);
  }

  #arm(): void {
    if (this.#timer !== undefined) return;
    let first = Number.POSITIVE_INFINITY;
    for (const { told, sinceMs } of this.#entries.values()) if (!told) first = Math.min(first, sinceMs);
    if (first === Number.POSITIVE_INFINITY) return;
    const waitMs = Math.max(0, first + OUTAGE_AFTER_MS - this.#clock.monotonicMs());
    this.#timer = this.#scheduler.after(waitMs, () => this.#tell(), { background: true });
  }

  #tell(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.monotonicMs();
    for (const entry of [...this.#entries.values()]) {
      if (entry.told || entry.sinceMs + OUTAGE_AFTER_MS > nowMs) continue;
      entry.told = true;
      this.#events.began({ subject: entry.subject, sinceMs: entry.sinceMs, error: entry.error });
    }
    this.#arm();
  }
}
