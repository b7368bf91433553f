import { applyChanges, type KeyChange, type MetadataImage } from '@moldau/cluster';
import type { Scheduler } from '@moldau/kernel';

/** Changes applied in one turn of the event loop: some 4 µs each, so well below 5 ms on a slow machine too. */
export const CHANGES_PER_TURN = 500;

const PARTITIONS_PREFIX = 'partitions/';

/** A change as the stream brings it; `value` undefined: deleted. */
export interface MetadataChange {
  readonly key: string;
  readonly value?: Uint8Array | undefined;
  readonly revision: number;
}

/**
 * Changes in the order in which they may be applied in parts: those of partitions come after all others, because a
 * partition whose topic is not in the image is left out.
 */
export class OrderedChanges {
  readonly #others: MetadataChange[] = [];
  readonly #partitions: MetadataChange[] = [];
  #taken = 0;

  get size(): number {
    return this.#others.length + this.#partitions.length - this.#taken;
  }

  add(changes: readonly MetadataChange[]): void {
    for (const change of changes) (change.key.startsWith(PARTITIONS_PREFIX) ? this.#partitions : this.#others).push(change);
  }

  /** The next ones, at most `count`. */
  take(count: number): KeyChange[] {
    const changes: KeyChange[] = [];
    for (; changes.length < count && this.size > 0; this.#taken += 1) {
      const { key, value, revision } = (this.#others[this.#taken] ?? this.#partitions[this.#taken - this.#others.length])!;
      changes.push({ key, value, revision });
    }
    return changes;
  }
}

/** How a load ended: the image, or what was wrong with the changes. */
export interface ImageLoadEvents {
  loaded(image: MetadataImage): void;
  failed(caught: unknown): void;
}

/**
 * Applies many changes beside the image that is in use, so many a turn, and hands the new one over whole: nobody sees a
 * part of a revision. One of the events runs, in a later turn, unless the load is cancelled.
 */
export class ImageLoad {
  readonly #scheduler: Scheduler;
  readonly #version: number;
  readonly #changes: OrderedChanges;
  readonly #events: ImageLoadEvents;
  #image: MetadataImage;
  #cancelled = false;

  constructor(scheduler: Scheduler, base: MetadataImage, version: number, changes: OrderedChanges, events: ImageLoadEvents) {
    this.#scheduler = scheduler;
    this.#image = base;
    this.#version = version;
    this.#changes = changes;
    this.#events = events;
    this.#arm();
  }

  /** Idempotent; after it no event runs. */
  cancel(): void {
    this.#cancelled = true;
  }

  #arm(): void {
    this.#scheduler.nextTurn(() => {
      if (!this.#cancelled) this.#step();
    });
  }

  #step(): void {
    try {
      this.#image = applyChanges(this.#image, this.#version, this.#changes.take(CHANGES_PER_TURN)).image;
    } catch (caught) {
      this.#events.failed(caught);
      return;
    }
    if (this.#changes.size > 0) this.#arm();
    else this.#events.loaded(this.#image);
  }
}
