import { BATCH_LENGTH_OVERHEAD, lastOffsetAt, sizeInBytesAt } from '@moldau/records';

/** Below this share of the memory it would pin, a buffer is copied. */
const PINNED_SHARE_MIN = 0.5;
/** Tails that one eviction looks at before it gives up: all of them may be pinned by unwritten batches. */
const EVICTION_ATTEMPTS_MAX = 16;
/** Memory freed in one step of the event loop when the budget gets smaller: batches have 70 bytes and more. */
const SHRINK_STEP_BYTES = 1024 * 1024;
/** Dropped entries at the front of the array before it is cut. */
const FRONT_SLACK = 256;

/** What one append brought: whole batches in one buffer. */
export interface TailEntry {
  readonly baseOffset: number;
  readonly endOffset: number;
  readonly bytes: Uint8Array;
  /** Memory that it pins. */
  readonly chargedBytes: number;
}

/** What a read found in memory. */
export interface TailRead {
  readonly batches: Uint8Array[];
  readonly nextOffset: number;
}

/** `bytes`, or a copy where it would keep alive more than twice its size. */
export function owned(bytes: Uint8Array): Uint8Array {
  return bytes.length < PINNED_SHARE_MIN * bytes.buffer.byteLength ? new Uint8Array(bytes) : bytes;
}

/**
 * The newest batches of one partition, contiguous up to the log's end. Batches that are in no segment file yet are always
 * here: `evictableEnd` says where they begin.
 */
export class Tail {
  readonly #cache: TailCache;
  readonly #evictableEnd: () => number;
  #entries: TailEntry[] = [];
  #front = 0;

  constructor(cache: TailCache, evictableEnd: () => number) {
    this.#cache = cache;
    this.#evictableEnd = evictableEnd;
  }

  /** Where what is in memory begins; undefined when empty. */
  get startOffset(): number | undefined {
    return this.#entries[this.#front]?.baseOffset;
  }

  push(entry: TailEntry): void {
    this.#entries.push(entry);
    this.#cache.grow(this, entry.chargedBytes);
  }

  /** Whole batches from the one that holds `from`, below `upTo`; undefined when it is not in memory. */
  read(from: number, maxBytes: number, upTo: number): TailRead | undefined {
    const start = this.startOffset;
    if (start === undefined || from < start) return undefined;
    this.#cache.touch(this);
    const batches: Uint8Array[] = [];
    let nextOffset = from;
    let left = maxBytes;
    for (let index = this.#find(from); index < this.#entries.length; index++) {
      const entry = this.#entries[index];
      if (entry === undefined || entry.baseOffset >= upTo) break;
      const span = batchSpan(entry, nextOffset, left, upTo, batches.length === 0);
      if (span === undefined) break;
      batches.push(span.end - span.start === entry.bytes.length ? entry.bytes : entry.bytes.subarray(span.start, span.end));
      left -= span.end - span.start;
      nextOffset = span.nextOffset;
      if (nextOffset < entry.endOffset || left <= 0) break;
    }
    return { batches, nextOffset };
  }

  /** Drops the oldest entry, unless it is not in a segment file yet. */
  evictOldest(): boolean {
    const oldest = this.#entries[this.#front];
    if (oldest === undefined || oldest.endOffset > this.#evictableEnd()) return false;
    this.#front += 1;
    this.#cache.shrink(oldest.chargedBytes);
    if (this.#front === this.#entries.length || this.#front > FRONT_SLACK) this.#cutFront();
    else this.#entries[this.#front - 1] = GONE;
    return true;
  }

  /** Drops entries that end at or before `offset`, as far as they are in segment files. */
  dropBefore(offset: number): void {
    while ((this.#entries[this.#front]?.endOffset ?? Number.POSITIVE_INFINITY) <= offset && this.evictOldest());
  }

  /** Drops entries that begin at or after `offset`; batches are never split, as truncation is at their borders. */
  truncate(offset: number): void {
    for (let last = this.#entries.at(-1); last !== undefined && last !== GONE && last.endOffset > offset; last = this.#entries.at(-1)) {
      this.#entries.pop();
      this.#cache.shrink(last.chargedBytes);
      if (last.baseOffset < offset) this.clear();
    }
    this.#front = Math.min(this.#front, this.#entries.length);
  }

  clear(): void {
    for (let index = this.#front; index < this.#entries.length; index++) this.#cache.shrink(this.#entries[index]?.chargedBytes ?? 0);
    this.#entries = [];
    this.#front = 0;
    this.#cache.forget(this);
  }

  #cutFront(): void {
    this.#entries = this.#entries.slice(this.#front);
    this.#front = 0;
  }

  /** Index of the last entry that begins at or before `offset`. */
  #find(offset: number): number {
    let low = this.#front;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.baseOffset ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** The byte budget over all tails, least recently used first out. */
export class TailCache {
  #maxBytes: number;
  readonly #tails = new Set<Tail>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Makes the budget `maxBytes`, or as near to it as one step of the event loop may take; says whether it is reached. */
  resizeTowards(maxBytes: number): boolean {
    this.#maxBytes = Math.max(maxBytes, Math.min(this.#maxBytes, this.#bytes) - SHRINK_STEP_BYTES);
    this.evict();
    return this.#maxBytes === maxBytes;
  }

  touch(tail: Tail): void {
    this.#tails.delete(tail);
    this.#tails.add(tail);
  }

  grow(tail: Tail, bytes: number): void {
    this.touch(tail);
    this.#bytes += bytes;
    this.evict();
  }

  shrink(bytes: number): void {
    this.#bytes -= bytes;
  }

  forget(tail: Tail): void {
    this.#tails.delete(tail);
  }

  /** Down to the budget, as far as unwritten batches allow. */
  evict(): void {
    if (this.#bytes <= this.#maxBytes) return;
    let attempts = 0;
    for (const tail of this.#tails) {
      while (this.#bytes > this.#maxBytes && tail.evictOldest()) attempts = 0;
      if (this.#bytes <= this.#maxBytes || ++attempts > EVICTION_ATTEMPTS_MAX) return;
      if (tail.startOffset === undefined) this.#tails.delete(tail);
    }
  }
}

/** Stands where an entry was, so that its memory can go. */
const GONE: TailEntry = { baseOffset: -1, endOffset: -1, bytes: new Uint8Array(0), chargedBytes: 0 };

interface Span {
  readonly start: number;
  readonly end: number;
  readonly nextOffset: number;
}

/** The run of whole batches in `entry` from the one that holds `from`; undefined when not one fits. */
function batchSpan(entry: TailEntry, from: number, maxBytes: number, upTo: number, first: boolean): Span | undefined {
  const { bytes } = entry;
  if (from <= entry.baseOffset && bytes.length <= maxBytes && entry.endOffset <= upTo) {
    return { start: 0, end: bytes.length, nextOffset: entry.endOffset };
  }
  let start = -1;
  let end = 0;
  let nextOffset = from;
  for (let at = 0; at + BATCH_LENGTH_OVERHEAD < bytes.length; ) {
    const size = sizeInBytesAt(bytes, at);
    const last = lastOffsetAt(bytes, at);
    if (last >= from) {
      const fits = at + size - (start < 0 ? at : start) <= maxBytes || (first && start < 0);
      if (last >= upTo || !fits) break;
      if (start < 0) start = at;
      end = at + size;
      nextOffset = last + 1;
    }
    at += size;
  }
  return start < 0 ? undefined : { start, end, nextOffset };
}
