/** Runs when event time has reached a point. */
export interface WatermarkTimer {
  /** Runs at this point or at an earlier one that was set before. */
  at(watermarkMs: number): void;
}

class Timer implements WatermarkTimer {
  nextMs = Number.POSITIVE_INFINITY;
  readonly run: (watermarkMs: number) => void;
  readonly #timers: WatermarkTimers;

  constructor(timers: WatermarkTimers, run: (watermarkMs: number) => void) {
    this.#timers = timers;
    this.run = run;
  }

  at(watermarkMs: number): void {
    if (watermarkMs >= this.nextMs) return;
    this.nextMs = watermarkMs;
    this.#timers.lower(watermarkMs);
  }
}

/** What waits for event time in a task. While nothing is due, an advance costs one comparison. */
export class WatermarkTimers {
  readonly #timers: Timer[] = [];
  #earliestMs = Number.POSITIVE_INFINITY;

  add(run: (watermarkMs: number) => void): WatermarkTimer {
    const timer = new Timer(this, run);
    this.#timers.push(timer);
    return timer;
  }

  /** @internal */
  lower(watermarkMs: number): void {
    if (watermarkMs < this.#earliestMs) this.#earliestMs = watermarkMs;
  }

  advance(watermarkMs: number): void {
    if (watermarkMs < this.#earliestMs) return;
    for (const timer of this.#timers) {
      if (timer.nextMs > watermarkMs) continue;
      timer.nextMs = Number.POSITIVE_INFINITY;
      timer.run(watermarkMs);
    }
    this.#earliestMs = this.#timers.reduce((least, { nextMs }) => Math.min(least, nextMs), Number.POSITIVE_INFINITY);
  }
}
