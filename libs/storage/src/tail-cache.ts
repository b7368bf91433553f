import { lastOffsetAt, sizeInBytesAt } from '@moldau/records';
import { type EntryOwner, type TailEntry, TailSlab } from './tail-slab.ts';

/** Slabs are this part of the budget, so that using the oldest again costs little of what is in memory… */
const SLABS_PER_BUDGET = 16;
/** …but not so small that most batches need memory of their own, nor so large that a nearly empty one matters. */
const SLAB_BYTES_MIN = 4 * 1024;
const SLAB_BYTES_MAX = 4 * 1024 * 1024;
/** Of a slab: an append is cut at the border of a batch rather than leave more of a slab unused. */
const UNUSED_SHARE_MAX = 1 / 8;
/** Of a slab: a batch above it gets memory of its own. */
const BATCH_SHARE_MAX = 1 / 2;
/** Of a slab: with more of it still to be written, it is left as it is. */
const COMPACTED_SHARE_MAX = 1 / 2;
/** Entries or slabs that one eviction looks at in vain before it gives up: all of them may wait to be written. */
const EVICTION_ATTEMPTS_MAX = 16;
/** Memory freed in one step of the event loop when the budget gets smaller: batches have 70 bytes and more. */
const SHRINK_STEP_BYTES = 1024 * 1024;

/**
 * The memory of all tails: batches are copied into slabs in the order in which they come, and the slab that was filled first
 * is used again when there is no other. So what is in memory is the newest of all partitions, and no append makes garbage
 * outside V8's heap, for which V8 would mark the whole heap again and again.
 *
 * Batches that are in no segment file stay, also above the budget. A slab that somebody looks at is never written to: when
 * its turn comes it is given up, to be garbage once they look away, and counted.
 */
export class TailCache {
  readonly #onGivenUp: () => void;
  #maxBytes: number;
  /** With entries, in the order in which they were begun. */
  readonly #slabs: TailSlab[] = [];
  readonly #free: TailSlab[] = [];
  /** The last of `#slabs` that is pooled, or none. */
  #filling: TailSlab | undefined;
  #bytes = 0;
  #allocatedBytes = 0;
  #slabBytes: number;
  readonly #onIdle = (slab: TailSlab): void => this.#idle(slab);

  /** `onGivenUp` runs for each slab that was given up because somebody looked at it. */
  constructor(maxBytes: number, onGivenUp: () => void) {
    this.#maxBytes = maxBytes;
    this.#slabBytes = slabBytesFor(maxBytes);
    this.#onGivenUp = onGivenUp;
  }

  /** Of batches in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Of the slabs they lie in, and of free ones. */
  get allocatedBytes(): number {
    return this.#allocatedBytes;
  }

  /** Slabs that readers and writers look at. */
  get heldSlabs(): number {
    return this.#slabs.reduce((count, slab) => count + (slab.isHeld ? 1 : 0), 0);
  }

  /** Copies whole batches into slabs: one entry, or a few where they were cut in between. */
  append(owner: EntryOwner, batches: Uint8Array, baseOffset: number, endOffset: number): TailEntry[] {
    const entries: TailEntry[] = [];
    let base = baseOffset;
    for (let at = 0; at < batches.length; ) {
      const left = batches.length - at;
      const room = this.#filling?.roomBytes ?? 0;
      if (left <= room) {
        entries.push(this.#place(owner, at === 0 ? batches : batches.subarray(at), base, endOffset));
        break;
      }
      const fitting = left <= this.#slabBytes * UNUSED_SHARE_MAX ? 0 : fittingBytes(batches, at, room);
      const size = fitting > 0 ? fitting : sizeInBytesAt(batches, at);
      if (fitting === 0 && size <= this.#slabBytes * BATCH_SHARE_MAX) {
        this.#begin();
        continue;
      }
      const part = batches.subarray(at, at + size);
      const end = at + size === batches.length ? endOffset : lastOffsetOf(part) + 1;
      entries.push(fitting > 0 ? this.#place(owner, part, base, end) : this.#placeLarge(owner, part, base, end));
      base = end;
      at += size;
    }
    if (this.#bytes > this.#maxBytes) this.evict();
    return entries;
  }

  /** An entry has left its tail. */
  drop(entry: TailEntry): void {
    this.#bytes -= entry.sizeBytes;
    entry.slab.drop(entry);
  }

  /** Makes the budget `maxBytes`, or as near to it as one step of the event loop may take; says whether it is reached. */
  resizeTowards(maxBytes: number): boolean {
    this.#maxBytes = Math.max(maxBytes, Math.min(this.#maxBytes, this.#bytes) - SHRINK_STEP_BYTES);
    this.#slabBytes = slabBytesFor(this.#maxBytes);
    for (const slab of this.#free.splice(0)) this.#forget(slab);
    const filling = this.#filling;
    if (filling !== undefined && filling.memory.length !== this.#slabBytes) this.#retire(filling);
    this.evict();
    return this.#maxBytes === maxBytes;
  }

  /** Down to the budget, as far as unwritten batches allow; the slab that is being filled stays. */
  evict(): void {
    if (this.#bytes > this.#maxBytes) this.#evictEntries();
    let attempts = 0;
    for (let index = 0; this.#isOver(0) && attempts < EVICTION_ATTEMPTS_MAX; attempts++) {
      const slab = this.#slabs[index];
      if (slab === undefined) return;
      if (slab === this.#filling || !this.#tryEvict(slab)) index += 1;
    }
  }

  /** Whether so many bytes more would be above the budget; one slab is always allowed. */
  #isOver(moreBytes: number): boolean {
    return this.#allocatedBytes + moreBytes > Math.max(this.#maxBytes, this.#slabBytes);
  }

  #place(owner: EntryOwner, batches: Uint8Array, baseOffset: number, endOffset: number): TailEntry {
    const slab = this.#filling ?? this.#begin();
    this.#bytes += batches.length;
    return slab.place(owner, batches, baseOffset, endOffset);
  }

  /** A batch that is large for a slab gets one of its own, which is not used again. */
  #placeLarge(owner: EntryOwner, batch: Uint8Array, baseOffset: number, endOffset: number): TailEntry {
    const slab = new TailSlab(new Uint8Array(batch.length), false, this.#onIdle);
    this.#allocatedBytes += slab.memory.length;
    this.#slabs.push(slab);
    this.#bytes += batch.length;
    const entry = slab.place(owner, batch, baseOffset, endOffset);
    slab.phase = 'full';
    return entry;
  }

  /** Begins the next slab. */
  #begin(): TailSlab {
    if (this.#filling !== undefined) this.#retire(this.#filling);
    const slab = this.#free.pop() ?? (this.#isOver(this.#slabBytes) ? this.#reuse() : undefined) ?? this.#allocate();
    this.#slabs.push(slab);
    this.#filling = slab;
    return slab;
  }

  #retire(slab: TailSlab): void {
    this.#filling = undefined;
    slab.phase = 'full';
    if (slab.isIdle) this.#idle(slab);
  }

  #allocate(): TailSlab {
    const slab = new TailSlab(new Uint8Array(this.#slabBytes), true, this.#onIdle);
    this.#allocatedBytes += slab.memory.length;
    return slab;
  }

  /** The oldest slab that can be used again; undefined when a new one is to be allocated. */
  #reuse(): TailSlab | undefined {
    let attempts = 0;
    for (let index = 0; attempts < EVICTION_ATTEMPTS_MAX; attempts++) {
      const slab = this.#slabs[index];
      if (slab === undefined) return undefined;
      if (this.#tryEvict(slab)) {
        const free = this.#free.pop();
        if (free !== undefined || !this.#isOver(this.#slabBytes)) return free;
        continue;
      }
      const sparse = slab.liveBytes <= slab.memory.length * COMPACTED_SHARE_MAX;
      if (sparse && slab.isPooled && !slab.isHeld && slab.memory.length === this.#slabBytes) {
        slab.compact();
        this.#slabs.splice(index, 1);
        return slab;
      }
      index += 1;
    }
    return undefined;
  }

  /** Drops the entries of a slab; false when some of them have to stay. */
  #tryEvict(slab: TailSlab): boolean {
    let stayingBytes = 0;
    for (const entry of slab.entries()) {
      if (entry.owner.evictThrough(entry)) continue;
      stayingBytes += entry.sizeBytes;
      if (stayingBytes > slab.memory.length * COMPACTED_SHARE_MAX) break;
    }
    if (stayingBytes > 0) return false;
    // Else it is free or gone already.
    if (slab.phase === 'full') {
      this.#onGivenUp();
      this.#forget(slab);
    }
    return true;
  }

  #evictEntries(): void {
    let attempts = 0;
    for (const slab of [...this.#slabs]) {
      for (const entry of slab.entries()) {
        if (this.#bytes <= this.#maxBytes) return;
        if (!entry.owner.evictThrough(entry) && ++attempts > EVICTION_ATTEMPTS_MAX) return;
      }
    }
  }

  /** Nobody looks at a slab. */
  #idle(slab: TailSlab): void {
    switch (slab.phase) {
      case 'gone':
        return;
      case 'filling':
        slab.empty();
        return;
      case 'full':
        if (!slab.isPooled || slab.memory.length !== this.#slabBytes || this.#isOver(0)) {
          this.#forget(slab);
          return;
        }
        this.#slabs.splice(this.#slabs.indexOf(slab), 1);
        slab.empty();
        this.#free.push(slab);
    }
  }

  /** Leaves the slab to the garbage collector. */
  #forget(slab: TailSlab): void {
    slab.phase = 'gone';
    this.#allocatedBytes -= slab.memory.length;
    const at = this.#slabs.indexOf(slab);
    if (at >= 0) this.#slabs.splice(at, 1);
  }
}

function slabBytesFor(maxBytes: number): number {
  const bytes = Math.min(SLAB_BYTES_MAX, Math.max(SLAB_BYTES_MIN, maxBytes / SLABS_PER_BUDGET));
  return 2 ** Math.floor(Math.log2(bytes));
}

/** Bytes of the whole batches from `at` on that fit into `room`. */
function fittingBytes(batches: Uint8Array, at: number, room: number): number {
  let end = at;
  while (end < batches.length) {
    const size = sizeInBytesAt(batches, end);
    if (end + size - at > room) break;
    end += size;
  }
  return end - at;
}

/** Of the last of whole batches. */
function lastOffsetOf(batches: Uint8Array): number {
  let last = 0;
  for (let at = 0; at < batches.length; at += sizeInBytesAt(batches, at)) last = at;
  return lastOffsetAt(batches, last);
}
