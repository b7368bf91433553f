/**
 * Producer ids from here up are never handed out. Each stands for one idempotency key (its hash), and has at most one
 * batch in a partition: sequence 0 on.
 */
export const FIRST_KEYED_PRODUCER_ID = 2 ** 52;
/** Keys that one partition remembers: some 160 B each in memory, 49 B in a snapshot, which is encoded in one step. */
export const KEYS_PER_PARTITION_MAX = 10_000;
/** Keys that all partitions of a directory remember together: some 64 MiB. */
export const KEYS_PER_DIRECTORY_MAX = 400_000;
/** Keys that a partition remembers however many the others have: 10,000 partitions with so many take 100 MiB. */
export const KEYS_PER_PARTITION_MIN = 64;

/** Counts the keys that all partitions of one directory remember. */
export class KeyRoom {
  used = 0;
  readonly max: number;

  constructor(max: number = KEYS_PER_DIRECTORY_MAX) {
    this.max = max;
  }
}

/** The batch of one key. Keys whose ids are equal differ in their epochs. */
export interface KeyedBatch<Batch> {
  readonly epoch: number;
  readonly batch: Batch;
}

/**
 * The newest batches with idempotency keys of one partition, in the order of the log. The order alone decides what is
 * forgotten, never time: a recovery finds the same ones again, however long the broker was away. When there is no room,
 * the oldest of the partition that takes another is forgotten.
 */
export class KeyedBatches<Batch> {
  readonly #room: KeyRoom;
  readonly #batches = new Map<number, KeyedBatch<Batch>>();

  constructor(room: KeyRoom) {
    this.#room = room;
  }

  get size(): number {
    return this.#batches.size;
  }

  /** Oldest first. */
  entries(): IterableIterator<[number, KeyedBatch<Batch>]> {
    return this.#batches.entries();
  }

  find(producerId: number, epoch: number): Batch | undefined {
    const found = this.#batches.get(producerId);
    return found?.epoch === epoch ? found.batch : undefined;
  }

  note(producerId: number, epoch: number, batch: Batch): void {
    this.#forget(producerId);
    this.#batches.set(producerId, { epoch, batch });
    this.#room.used += 1;
    const { size } = this.#batches;
    const full = this.#room.used > this.#room.max && size > KEYS_PER_PARTITION_MIN;
    if (!full && size <= KEYS_PER_PARTITION_MAX) return;
    for (const oldest of this.#batches.keys()) {
      this.#forget(oldest);
      return;
    }
  }

  clear(): void {
    this.#room.used -= this.#batches.size;
    this.#batches.clear();
  }

  #forget(producerId: number): void {
    if (this.#batches.delete(producerId)) this.#room.used -= 1;
  }
}
