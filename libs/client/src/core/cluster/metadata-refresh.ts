import type { Clock, MoldauError, Random, Scheduler, Timer } from '@moldau/kernel';
import { backoffMs } from '../backoff.ts';

/** Shortest time between two refreshes: an election takes longer. */
const REFRESH_PAUSE_MS = 50;
/** While changes are pushed, what an error asks for waits this long: the push normally comes first. */
const WATCHED_DELAY_MS = 500;
/** Also without an error the metadata is asked for again after this long, as in Kafka's clients (metadata.max.age.ms). */
const REFRESH_INTERVAL_MS = 300_000;

export interface RefreshDependencies {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** Asks for everything in use and takes it in. Never rejects: returns what kept it from being answered. */
  ask(): Promise<MoldauError | undefined>;
  /** Whether changes of everything in use are pushed now. */
  watched(): boolean;
}

/** Asks for metadata when somebody needs it, one request at a time, however many errors ask for it. */
export class MetadataRefresh {
  readonly #deps: RefreshDependencies;
  #asking = false;
  /** When it was first asked for; undefined when nobody has since the last request began. */
  #wantedSinceMs: number | undefined;
  /** Somebody waits for the answer. */
  #urgent = false;
  #notBeforeMs = 0;
  #failures = 0;
  #timer: { readonly timer: Timer; readonly dueMs: number } | undefined;
  #interval: Timer | undefined;
  #closed = false;

  constructor(deps: RefreshDependencies) {
    this.#deps = deps;
  }

  /** `now`: somebody waits for the answer. `soon`: something seems to have changed, which a push may tell as well. */
  request(urgency: 'now' | 'soon'): void {
    if (this.#closed) return;
    this.#wantedSinceMs ??= this.#deps.clock.monotonicMs();
    if (urgency === 'now') this.#urgent = true;
    this.arm();
  }

  /** To be called when pushes end: what was left to them is asked for. */
  arm(): void {
    if (this.#asking || this.#closed || this.#wantedSinceMs === undefined) return;
    const nowMs = this.#deps.clock.monotonicMs();
    const delayMs = this.#urgent || !this.#deps.watched() ? 0 : WATCHED_DELAY_MS;
    const dueMs = Math.max(this.#notBeforeMs, this.#wantedSinceMs + delayMs);
    if (this.#timer !== undefined && this.#timer.dueMs <= dueMs) return;
    this.#timer?.timer.cancel();
    this.#timer = undefined;
    if (dueMs <= nowMs) {
      this.#start();
      return;
    }
    const timer = this.#deps.scheduler.after(dueMs - nowMs, () => {
      this.#timer = undefined;
      this.arm();
    });
    this.#timer = { timer, dueMs };
  }

  close(): void {
    this.#closed = true;
    this.#timer?.timer.cancel();
    this.#interval?.cancel();
  }

  #start(): void {
    this.#wantedSinceMs = undefined;
    this.#urgent = false;
    this.#asking = true;
    void this.#deps.ask().then((error) => {
      this.#asking = false;
      if (this.#closed) return;
      const { clock, scheduler, random } = this.#deps;
      const pauseMs = error === undefined ? REFRESH_PAUSE_MS : backoffMs(random, this.#failures++);
      this.#notBeforeMs = clock.monotonicMs() + pauseMs;
      if (error === undefined) {
        this.#failures = 0;
        this.#interval?.cancel();
        this.#interval = scheduler.after(REFRESH_INTERVAL_MS, () => this.request('now'), { background: true });
      }
      this.arm();
    });
  }
}
