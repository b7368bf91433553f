import type { Delivery, LeaderPosition } from './leader-position.ts';

/** Reads of the disk under way for one follower: one that catches up leaves room to those that are in sync. */
const DISK_READS_MAX = 8;

/** Positions of a follower's stream that may have something to send: each in its turn, none before those that wait longer. */
export class ReadyPositions {
  readonly #onReady: () => void;
  readonly #ready = new Set<LeaderPosition>();
  /** Those that wait for reads of the disk to end. */
  readonly #waiting = new Set<LeaderPosition>();
  readonly #reading = new Set<LeaderPosition>();

  /** `onReady`: a read of the disk has ended. */
  constructor(onReady: () => void) {
    this.#onReady = onReady;
  }

  get size(): number {
    return this.#ready.size;
  }

  add(position: LeaderPosition): void {
    this.#ready.add(position);
  }

  delete(position: LeaderPosition): void {
    this.#ready.delete(position);
    this.#waiting.delete(position);
    this.#reading.delete(position);
  }

  clear(): void {
    for (const set of [this.#ready, this.#waiting, this.#reading]) set.clear();
  }

  /** One read of each position, in turn, until the message is full; the bytes of batches added to `deliveries`. */
  collect(deliveries: Delivery[], wantedBytes: number): number {
    let leftBytes = wantedBytes;
    let sentBytes = 0;
    // A position that has more goes to the end, for the next round.
    for (let turns = this.#ready.size; turns > 0; turns -= 1) {
      const [position] = this.#ready;
      if (position === undefined || (leftBytes <= 0 && wantedBytes > 0)) break;
      this.#ready.delete(position);
      const waits = position.isBehind && this.#reading.size >= DISK_READS_MAX;
      const found = position.deliver(waits ? 0 : leftBytes);
      if (found === undefined) {
        // Without credit, or with the disk busy, it keeps its place.
        if (position.hasMore) (waits ? this.#waiting : this.#ready).add(position);
      } else if ('reading' in found) {
        // What it finds is of this message's size, and sent in a later one.
        leftBytes = 0;
        this.#await(position, found.reading);
      } else {
        leftBytes -= found.sizeBytes;
        sentBytes += found.sizeBytes;
        deliveries.push(found);
        if (position.hasMore) this.#ready.add(position);
      }
    }
    return sentBytes;
  }

  #await(position: LeaderPosition, reading: Promise<void>): void {
    this.#reading.add(position);
    void reading.then(() => {
      // Else it has left meanwhile.
      if (this.#reading.delete(position)) this.#ready.add(position);
      for (const waiting of this.#waiting) this.#ready.add(waiting);
      this.#waiting.clear();
      this.#onReady();
    });
  }
}
