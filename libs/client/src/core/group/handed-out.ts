import type { Clock } from '@moldau/kernel';
import type { CommitFrontier } from './commit-frontier.ts';
import type { GroupPartition } from './group-partition.ts';

/** A record or a batch that the program has. */
export interface HandedItem {
  readonly partition: GroupPartition;
  /** The partition's when it was handed out: after a seek it is another, and this one's end counts no more. */
  readonly frontier: CommitFrontier;
  readonly offset: number;
  readonly sinceMs: number;
  /** The program left its loop with it: it may come back for more, or never. */
  left: boolean;
  /** It counts as finished, though the program has it still. */
  finished: boolean;
}

/**
 * What an iterating program was handed and has not come back for. It is finished when the program asks for the next; left
 * behind by a loop that ended, it is finished when another loop begins, because nobody knows whether the loop ended well.
 */
export class HandedOut {
  readonly #clock: Clock;
  /** Handed out, and not yet known to the loop that asked. */
  readonly #unclaimed = new Map<object, HandedItem>();
  /** The oldest first. */
  readonly #items = new Set<HandedItem>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be called at the moment at which the position passes it. */
  begin(partition: GroupPartition, offset: number, thing: object): void {
    const item = { partition, frontier: partition.frontier, offset, sinceMs: this.#clock.monotonicMs(), left: false, finished: false };
    item.frontier.begin(offset);
    partition.workBegins();
    this.#unclaimed.set(thing, item);
    this.#items.add(item);
  }

  claim(thing: object): HandedItem | undefined {
    const item = this.#unclaimed.get(thing);
    this.#unclaimed.delete(thing);
    return item;
  }

  finish(item: HandedItem): void {
    if (!this.#items.delete(item)) return;
    this.#settle(item);
    if (!item.left) item.partition.workEnds();
  }

  /** The loop ended. */
  leave(item: HandedItem): void {
    if (item.left || !this.#items.has(item)) return;
    item.left = true;
    item.partition.workEnds();
  }

  /** The program says that all it has is finished. */
  finishAll(): void {
    for (const item of this.#items) this.#settle(item);
  }

  /** All loops are about to end. */
  leaveAll(): void {
    for (const item of this.#items) this.leave(item);
  }

  /** Another loop begins. */
  finishLeft(): void {
    for (const item of [...this.#items]) if (item.left) this.finish(item);
  }

  /** How long the program has had the oldest; undefined: it has none. */
  get forMs(): number | undefined {
    for (const { sinceMs } of this.#items) return this.#clock.monotonicMs() - sinceMs;
    return undefined;
  }

  #settle(item: HandedItem): void {
    if (!item.finished) item.frontier.finish(item.offset);
    item.finished = true;
  }
}
