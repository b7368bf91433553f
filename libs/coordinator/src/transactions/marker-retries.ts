import type { Clock, Random, Scheduler, Timer } from '@moldau/kernel';
import type { SentTask } from './marker-task.ts';

/** First wait before a participant is told again: an election takes about so long. */
const RETRY_MS_MIN = 20;
/** Longest wait: how late a partition that has a leader again may learn of its transactions when no metadata said so. */
const RETRY_MS_MAX = 1_000;
/** Changes of the metadata wake what waits at most so often: one failure of a broker brings many. */
const WAKE_INTERVAL_MS = 10;

interface Waiting {
  readonly task: SentTask;
  readonly atMs: number;
}

export interface MarkerRetriesDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** Sends them again. */
  readonly due: (tasks: readonly SentTask[]) => void;
}

/** Markers that could not be delivered, until their time has come or the metadata has changed. */
export class MarkerRetries {
  readonly #deps: MarkerRetriesDeps;
  #waiting: Waiting[] = [];
  #timer: Timer | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #wokenAtMs = Number.NEGATIVE_INFINITY;

  constructor(deps: MarkerRetriesDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#waiting.length;
  }

  add(task: SentTask): void {
    const ceilingMs = Math.min(RETRY_MS_MIN * 2 ** Math.min(task.attempt, 10), RETRY_MS_MAX);
    const atMs = this.#deps.clock.monotonicMs() + ceilingMs * (0.5 + 0.5 * this.#deps.random.fraction());
    this.#waiting.push({ task, atMs });
    this.#arm(atMs);
  }

  /** Something may be better now: all that waits goes soon. */
  wake(): void {
    if (this.#waiting.length === 0) return;
    const nowMs = this.#deps.clock.monotonicMs();
    const atMs = Math.max(nowMs, this.#wokenAtMs + WAKE_INTERVAL_MS);
    this.#wokenAtMs = atMs;
    this.#waiting = this.#waiting.map((waiting) => (waiting.atMs > atMs ? { task: waiting.task, atMs } : waiting));
    this.#arm(atMs);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#waiting = [];
  }

  #arm(atMs: number): void {
    if (atMs >= this.#timerAtMs) return;
    this.#timer?.cancel();
    this.#timerAtMs = atMs;
    this.#timer = this.#deps.scheduler.after(Math.max(0, atMs - this.#deps.clock.monotonicMs()), () => this.#fire());
  }

  #fire(): void {
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#deps.clock.monotonicMs();
    const due = this.#waiting.filter(({ atMs }) => atMs <= nowMs);
    this.#waiting = this.#waiting.filter(({ atMs }) => atMs > nowMs);
    const nextMs = this.#waiting.reduce((least, { atMs }) => Math.min(least, atMs), Number.POSITIVE_INFINITY);
    if (nextMs < Number.POSITIVE_INFINITY) this.#arm(nextMs);
    const tasks = due.map(({ task }) => task).filter(({ machine }) => !machine.isClosed);
    if (tasks.length > 0) this.#deps.due(tasks);
  }
}
