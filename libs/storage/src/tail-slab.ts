import { assert } from '@moldau/kernel';

/** Whole batches of one append, or a part of it, until they are in their segment file, and as long as memory has them. */
export interface LogEntry {
  readonly baseOffset: number;
  readonly endOffset: number;
  readonly sizeBytes: number;
  /** A view, new with each call; of memory that is used again unless the entry is in a tail or held. */
  readonly bytes: Uint8Array;
  /** Undefined: the memory is its own. */
  readonly slab: TailSlab | undefined;
}

/** What a slab's entries belong to. */
export interface EntryOwner {
  /** Drops its entries up to this one, as far as segment files have them; false when this one has to stay. */
  evictThrough(entry: TailEntry): boolean;
}

/** A `LogEntry` that lies in a slab. */
export class TailEntry implements LogEntry {
  readonly owner: EntryOwner;
  readonly slab: TailSlab;
  readonly baseOffset: number;
  readonly endOffset: number;
  readonly sizeBytes: number;
  /** Where it begins in the slab. */
  position: number;
  /** Whether it is in its tail. */
  isLive = true;

  constructor(owner: EntryOwner, slab: TailSlab, position: number, sizeBytes: number, baseOffset: number, endOffset: number) {
    this.owner = owner;
    this.slab = slab;
    this.position = position;
    this.sizeBytes = sizeBytes;
    this.baseOffset = baseOffset;
    this.endOffset = endOffset;
  }

  get bytes(): Uint8Array {
    return this.slab.memory.subarray(this.position, this.position + this.sizeBytes);
  }
}

/** An entry with memory of its own: what recovery finds in the journal. */
export function ownEntry(bytes: Uint8Array, baseOffset: number, endOffset: number): LogEntry {
  return { bytes, baseOffset, endOffset, sizeBytes: bytes.length, slab: undefined };
}

/**
 * `filling` takes entries; `full` takes no more; `gone` is not the cache's any more: its memory is garbage once nobody looks
 * at it, and is never used again. Legal moves: filling → full → filling (as if new), full → gone.
 */
export type SlabPhase = 'filling' | 'full' | 'gone';

/** A piece of memory that batches are copied into one behind the other, and used again when nobody looks at any of them. */
export class TailSlab {
  readonly memory: Uint8Array;
  /** Whether it may be used again: one made for a large batch may not. */
  readonly isPooled: boolean;
  phase: SlabPhase = 'filling';
  /** Of entries in tails. */
  liveBytes = 0;
  #usedBytes = 0;
  /** Readers and writers that look at entries. */
  #holds = 0;
  #entries: TailEntry[] = [];
  /** The entries before it are gone. */
  #front = 0;
  readonly #onIdle: (slab: TailSlab) => void;

  /** `onIdle` runs when no entry is in a tail and nobody holds one. */
  constructor(memory: Uint8Array, isPooled: boolean, onIdle: (slab: TailSlab) => void) {
    this.memory = memory;
    this.isPooled = isPooled;
    this.#onIdle = onIdle;
  }

  get roomBytes(): number {
    return this.memory.length - this.#usedBytes;
  }

  get isHeld(): boolean {
    return this.#holds > 0;
  }

  get isIdle(): boolean {
    return this.liveBytes === 0 && this.#holds === 0;
  }

  /** Those that are in tails, oldest first; they may leave meanwhile. */
  *entries(): Generator<TailEntry> {
    const entries = this.#entries;
    while (entries[this.#front]?.isLive === false) this.#front += 1;
    for (let index = this.#front; index < entries.length; index++) {
      const entry = entries[index];
      if (entry?.isLive === true) yield entry;
    }
  }

  /** Copies the batches in, which must fit. */
  place(owner: EntryOwner, batches: Uint8Array, baseOffset: number, endOffset: number): TailEntry {
    assert(this.phase === 'filling' && batches.length <= this.roomBytes, 'a slab has room for what is put into it', {
      bytes: batches.length,
    });
    this.memory.set(batches, this.#usedBytes);
    const entry = new TailEntry(owner, this, this.#usedBytes, batches.length, baseOffset, endOffset);
    this.#usedBytes += batches.length;
    this.liveBytes += batches.length;
    this.#entries.push(entry);
    return entry;
  }

  /** The entry has left its tail. */
  drop(entry: TailEntry): void {
    assert(entry.isLive, 'an entry leaves its tail once', { baseOffset: entry.baseOffset });
    entry.isLive = false;
    this.liveBytes -= entry.sizeBytes;
    if (this.isIdle) this.#onIdle(this);
  }

  hold(): void {
    this.#holds += 1;
  }

  letGo(): void {
    assert(this.#holds > 0, 'who lets go of a slab has held it');
    this.#holds -= 1;
    if (this.isIdle) this.#onIdle(this);
  }

  /** Makes it as if new. */
  empty(): void {
    assert(this.isIdle, 'a slab is emptied when nobody looks at it', { liveBytes: this.liveBytes });
    this.phase = 'filling';
    this.#usedBytes = 0;
    this.#entries = [];
    this.#front = 0;
  }

  /** Moves what is in tails to the front, so that the rest can be used; nobody may hold it. */
  compact(): void {
    assert(!this.isHeld, 'nothing moves under a reader');
    const live = this.#entries.filter((entry) => entry.isLive);
    let at = 0;
    for (const entry of live) {
      this.memory.copyWithin(at, entry.position, entry.position + entry.sizeBytes);
      entry.position = at;
      at += entry.sizeBytes;
    }
    this.phase = 'filling';
    this.#usedBytes = at;
    this.#entries = live;
    this.#front = 0;
  }
}

/** Keeps the bytes of these entries as they are until what it returns is called, once. */
export function holdEntries(entries: Iterable<LogEntry>): () => void {
  const held: TailSlab[] = [];
  for (const { slab } of entries) {
    if (slab === undefined || slab === held.at(-1)) continue;
    slab.hold();
    held.push(slab);
  }
  let over = false;
  return () => {
    assert(!over, 'what was held is let go once');
    over = true;
    for (const slab of held) slab.letGo();
  };
}
