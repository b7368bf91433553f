/** The longest time without an event, of each partition. Times are milliseconds of a clock that never goes back. */
export class GapMeter {
  readonly #last: number[];
  readonly #longest: number[];

  constructor(partitions: number, nowMs: number) {
    this.#last = new Array<number>(partitions).fill(nowMs);
    this.#longest = new Array<number>(partitions).fill(0);
  }

  happened(partition: number, nowMs: number): void {
    this.#longest[partition] = Math.max(this.#longest[partition] ?? 0, nowMs - (this.#last[partition] ?? nowMs));
    this.#last[partition] = nowMs;
  }

  /** Forgets the gaps before now; what is silent now goes on being so. */
  restart(): void {
    this.#longest.fill(0);
  }

  /** The longest gap of these partitions since `restart`, those that still last among them; 0 of none. */
  longest(partitions: readonly number[], nowMs: number): number {
    return Math.max(0, ...partitions.map((at) => Math.max(this.#longest[at] ?? 0, nowMs - (this.#last[at] ?? nowMs))));
  }
}
