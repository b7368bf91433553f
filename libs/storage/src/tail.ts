import { BATCH_LENGTH_OVERHEAD, lastOffsetAt, sizeInBytesAt } from '@moldau/records';
import type { TailCache } from './tail-cache.ts';
import { type EntryOwner, holdEntries, type TailEntry } from './tail-slab.ts';

/** Dropped entries at the front of the array before it is cut. */
const FRONT_SLACK = 256;

/** What a read found in memory. */
export interface TailRead {
  /** Runs of whole batches, which stay as they are until they are released. */
  readonly batches: Uint8Array[];
  readonly nextOffset: number;
  /** Exactly once. */
  readonly release: () => void;
}

/**
 * The newest batches of one partition, contiguous up to the log's end. Batches that are in no segment file yet are always
 * here: `evictableEnd` says where they begin.
 */
export class Tail implements EntryOwner {
  readonly #cache: TailCache;
  readonly #evictableEnd: () => number;
  /** Undefined where an entry was. */
  #entries: (TailEntry | undefined)[] = [];
  #front = 0;

  constructor(cache: TailCache, evictableEnd: () => number) {
    this.#cache = cache;
    this.#evictableEnd = evictableEnd;
  }

  /** Where what is in memory begins; undefined when empty. */
  get startOffset(): number | undefined {
    return this.#entries[this.#front]?.baseOffset;
  }

  /** Copies the whole batches that follow the last ones. */
  append(batches: Uint8Array, baseOffset: number, endOffset: number): readonly TailEntry[] {
    const entries = this.#cache.append(this, batches, baseOffset, endOffset);
    for (const entry of entries) this.#entries.push(entry);
    return entries;
  }

  /** Whole batches from the one that holds `from`, below `upTo`; undefined when it is not in memory. */
  read(from: number, maxBytes: number, upTo: number): TailRead | undefined {
    const start = this.startOffset;
    if (start === undefined || from < start) return undefined;
    const batches: Uint8Array[] = [];
    const read: TailEntry[] = [];
    let nextOffset = from;
    let left = maxBytes;
    for (let index = this.#find(from); index < this.#entries.length; index++) {
      const entry = this.#entries[index];
      if (entry === undefined || entry.baseOffset >= upTo) break;
      const span = batchSpan(entry, nextOffset, left, upTo, batches.length === 0);
      if (span === undefined) break;
      batches.push(span.bytes);
      read.push(entry);
      left -= span.bytes.length;
      nextOffset = span.nextOffset;
      if (nextOffset < entry.endOffset || left <= 0) break;
    }
    return { batches, nextOffset, release: holdEntries(read) };
  }

  evictThrough(entry: TailEntry): boolean {
    const end = this.#evictableEnd();
    while (entry.isLive) if (!this.#dropOldest(end)) return false;
    return true;
  }

  /** Drops entries that end at or before `offset`, as far as they are in segment files. */
  dropBefore(offset: number): void {
    const end = Math.min(offset, this.#evictableEnd());
    while (this.#dropOldest(end));
  }

  /** Drops entries that end behind `offset`; batches are never split, as truncation is at their borders. */
  truncate(offset: number): void {
    for (let last = this.#entries.at(-1); last !== undefined && last.endOffset > offset; last = this.#entries.at(-1)) {
      this.#entries.pop();
      this.#cache.drop(last);
      if (last.baseOffset < offset) this.clear();
    }
    this.#front = Math.min(this.#front, this.#entries.length);
  }

  clear(): void {
    const entries = this.#entries;
    this.#entries = [];
    this.#front = 0;
    for (const entry of entries) if (entry !== undefined) this.#cache.drop(entry);
  }

  /** Drops the oldest entry if it ends at or before `end`. */
  #dropOldest(end: number): boolean {
    const oldest = this.#entries[this.#front];
    if (oldest === undefined || oldest.endOffset > end) return false;
    this.#entries[this.#front] = undefined;
    this.#front += 1;
    if (this.#front === this.#entries.length || this.#front > FRONT_SLACK) {
      this.#entries = this.#entries.slice(this.#front);
      this.#front = 0;
    }
    this.#cache.drop(oldest);
    return true;
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

interface Span {
  readonly bytes: Uint8Array;
  readonly nextOffset: number;
}

/** The run of whole batches in `entry` from the one that holds `from`; undefined when not one fits. */
function batchSpan(entry: TailEntry, from: number, maxBytes: number, upTo: number, first: boolean): Span | undefined {
  const { bytes } = entry;
  if (from <= entry.baseOffset && bytes.length <= maxBytes && entry.endOffset <= upTo) return { bytes, nextOffset: entry.endOffset };
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
  return start < 0 ? undefined : { bytes: bytes.subarray(start, end), nextOffset };
}
