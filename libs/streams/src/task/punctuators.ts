import type { Punctuation, PunctuationTime } from './task-services.ts';
import { NO_WATERMARK } from './watermarks.ts';

interface Entry {
  readonly everyMs: number;
  readonly operator: string;
  readonly run: (timeMs: number) => void;
  nextMs: number;
  cancelled: boolean;
}

/** Runs functions at multiples of an interval of one clock; once where several multiples were passed at a time. */
export class Punctuators {
  readonly #entries: Record<PunctuationTime, Entry[]> = { stream: [], wall: [] };

  add(options: {
    readonly everyMs: number;
    readonly time: PunctuationTime;
    readonly nowMs: number;
    readonly operator: string;
    readonly run: (timeMs: number) => void;
  }): Punctuation {
    const { everyMs, time, nowMs, operator, run } = options;
    const entry: Entry = { everyMs, operator, run, nextMs: after(nowMs, everyMs), cancelled: false };
    this.#entries[time].push(entry);
    return {
      cancel: () => {
        entry.cancelled = true;
        this.#entries[time] = this.#entries[time].filter((other) => other !== entry);
      },
    };
  }

  /** `guard` runs what is due, so that what it throws is a failure of its operator. */
  advance(time: PunctuationTime, nowMs: number, guard: (operator: string, run: () => void) => void): void {
    const entries = this.#entries[time];
    if (entries.length === 0) return;
    for (const entry of [...entries]) {
      if (entry.cancelled) continue;
      // The first record says where event time begins.
      if (entry.nextMs === NO_WATERMARK) entry.nextMs = after(nowMs, entry.everyMs);
      if (nowMs < entry.nextMs) continue;
      entry.nextMs = after(nowMs, entry.everyMs);
      guard(entry.operator, () => entry.run(nowMs));
    }
  }
}

function after(nowMs: number, everyMs: number): number {
  return nowMs === NO_WATERMARK ? NO_WATERMARK : (Math.floor(nowMs / everyMs) + 1) * everyMs;
}
