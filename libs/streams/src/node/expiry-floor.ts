/** Of the retention: what has expired is hidden at once, and deleted in steps of this share. */
const STEP_SHARE = 8;

/** The time below which a store holds nothing, though rows may still be there: one deletion serves many expiries. */
export class ExpiryFloor {
  timeMs = Number.NEGATIVE_INFINITY;
  readonly #stepMs: number;
  readonly #delete: (beforeMs: number) => void;
  #deletedMs = Number.NEGATIVE_INFINITY;

  constructor(retentionMs: number, remove: (beforeMs: number) => void) {
    this.#stepMs = retentionMs / STEP_SHARE;
    this.#delete = remove;
  }

  raise(beforeMs: number): void {
    if (beforeMs <= this.timeMs) return;
    this.timeMs = beforeMs;
    if (beforeMs - this.#deletedMs >= this.#stepMs) this.settle();
  }

  /** Deletes what is hidden. */
  settle(): void {
    if (this.#deletedMs === this.timeMs) return;
    this.#deletedMs = this.timeMs;
    this.#delete(this.timeMs);
  }

  /** Something is written at a time, perhaps one that had expired: it must be seen, and those beside it must not. */
  admit(timeMs: number): void {
    if (timeMs >= this.timeMs) return;
    this.settle();
    this.timeMs = Number.NEGATIVE_INFINITY;
    this.#deletedMs = Number.NEGATIVE_INFINITY;
  }
}
