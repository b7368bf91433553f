/** Before the first record. */
export const NO_WATERMARK = Number.NEGATIVE_INFINITY;

/** Event time of one input partition. */
export class PartitionTime {
  maxTimestampMs: number;
  lastSeenMs: number;
  /** It is known to hold records that were not read yet, so it is not idle however long that takes. */
  behind = false;

  constructor(maxTimestampMs: number, wallMs: number) {
    this.maxTimestampMs = maxTimestampMs;
    this.lastSeenMs = wallMs;
  }
}

/**
 * The event time of a task: the least of its partitions' largest timestamps. A partition that brought nothing for `idleMs`
 * by the wall clock does not hold the others back. Never goes back, so what comes from a partition that was
 * idle may be late.
 */
export class Watermarks {
  readonly #idleMs: number;
  readonly #partitions: PartitionTime[] = [];
  #watermarkMs = NO_WATERMARK;

  constructor(idleMs: number) {
    this.#idleMs = idleMs;
  }

  get watermarkMs(): number {
    return this.#watermarkMs;
  }

  /** `watermarkMs`: what an earlier life of the task had reached when it committed. */
  add(partition: PartitionTime, watermarkMs: number): void {
    this.#partitions.push(partition);
    this.#watermarkMs = Math.max(this.#watermarkMs, watermarkMs);
  }

  /** A record came. True when the watermark rose. */
  observe(partition: PartitionTime, timestampMs: number, wallMs: number): boolean {
    partition.lastSeenMs = wallMs;
    if (timestampMs <= partition.maxTimestampMs && this.#watermarkMs !== NO_WATERMARK) return false;
    partition.maxTimestampMs = Math.max(partition.maxTimestampMs, timestampMs);
    return this.#raise(wallMs, partition);
  }

  /** The wall clock went on. True when the watermark rose because a partition is idle now. */
  advanceWall(wallMs: number): boolean {
    return this.#partitions.length > 1 && this.#raise(wallMs, undefined);
  }

  /** To this time, whatever the partitions say: for tests. */
  force(watermarkMs: number): boolean {
    for (const partition of this.#partitions) partition.maxTimestampMs = Math.max(partition.maxTimestampMs, watermarkMs);
    if (watermarkMs <= this.#watermarkMs) return false;
    this.#watermarkMs = watermarkMs;
    return true;
  }

  #raise(wallMs: number, current: PartitionTime | undefined): boolean {
    let least = Number.POSITIVE_INFINITY;
    let most = NO_WATERMARK;
    for (const partition of this.#partitions) {
      const { maxTimestampMs, lastSeenMs, behind } = partition;
      if (maxTimestampMs > most) most = maxTimestampMs;
      if (partition !== current && !behind && wallMs - lastSeenMs >= this.#idleMs) continue;
      if (maxTimestampMs < least) least = maxTimestampMs;
    }
    // All are idle: none holds the others back.
    const reached = least === Number.POSITIVE_INFINITY ? most : least;
    if (reached <= this.#watermarkMs) return false;
    this.#watermarkMs = reached;
    return true;
  }
}
