import type { Clock, MoldauError, Random, Scheduler, Timer } from '@moldau/kernel';
import { backoffMs } from '../backoff.ts';

/** Shortest time between two refreshes that errors or topics not yet there ask for: an election takes longer. */
const REFRESH_PAUSE_MS = 50;
/** While changes are pushed, what an error asks for waits this long: the push normally comes first. */
const WATCHED_DELAY_MS = 500;
/** Also without an error the metadata is asked for again after this long, as in Kafka's clients (metadata.max.age.ms). */
const REFRESH_INTERVAL_MS = 300_000;

/**
 * `now`: somebody asks for what was not asked before. `again`: somebody waits for another answer than the last one. `soon`:
 * something seems to have changed, which a push may tell as well.
 */
export type Urgency = 'soon' | 'again' | 'now';

/** From the least urgent on. */
const URGENCIES: readonly Urgency[] = ['soon', 'again', 'now'];

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
  #urgency: Urgency = 'soon';
  /** No refresh at all before: the last one failed. */
  #notBeforeMs = 0;
  /** None but for a new question before: the last one has only just been answered. */
  #pauseUntilMs = 0;
  #failures = 0;
  #timer: { readonly timer: Timer; readonly dueMs: number } | undefined;
  #interval: Timer | undefined;
  #closed = false;

  constructor(deps: RefreshDependencies) {
    this.#deps = deps;
  }

  request(urgency: Urgency): void {
    if (this.#closed) return;
    this.#wantedSinceMs ??= this.#deps.clock.monotonicMs();
    if (URGENCIES.indexOf(urgency) > URGENCIES.indexOf(this.#urgency)) this.#urgency = urgency;
    this.arm();
  }

  /** To be called when pushes end: what was left to them is asked for. */
  arm(): void {
    if (this.#asking || this.#closed || this.#wantedSinceMs === undefined) return;
    const nowMs = this.#deps.clock.monotonicMs();
    const delayMs = this.#urgency === 'soon' && this.#deps.watched() ? WATCHED_DELAY_MS : 0;
    const pauseUntilMs = this.#urgency === 'now' ? 0 : this.#pauseUntilMs;
    const dueMs = Math.max(this.#notBeforeMs, pauseUntilMs, this.#wantedSinceMs + delayMs);
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
    this.#urgency = 'soon';
    this.#asking = true;
    void this.#deps.ask().then((error) => {
      this.#asking = false;
      if (this.#closed) return;
      const { clock, scheduler, random } = this.#deps;
      const nowMs = clock.monotonicMs();
      if (error === undefined) {
        this.#failures = 0;
        this.#pauseUntilMs = nowMs + REFRESH_PAUSE_MS;
        this.#interval?.cancel();
        this.#interval = scheduler.after(REFRESH_INTERVAL_MS, () => this.request('again'), { background: true });
      } else {
        this.#notBeforeMs = nowMs + backoffMs(random, this.#failures++);
      }
      this.arm();
    });
  }
}
