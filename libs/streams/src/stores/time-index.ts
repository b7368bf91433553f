/** Entries in the order of their times. Adding at the end and removing from the front are cheap: time mostly goes forward. */
export class TimeIndex<Entry> {
  readonly #buckets = new Map<number, Set<Entry>>();
  /** Rising; those before `#from` are gone. */
  #times: number[] = [];
  #from = 0;

  add(timeMs: number, entry: Entry): void {
    const bucket = this.#buckets.get(timeMs);
    if (bucket !== undefined) {
      bucket.add(entry);
      return;
    }
    this.#buckets.set(timeMs, new Set([entry]));
    const at = this.#search(timeMs);
    // A time whose bucket was emptied still stands here.
    if (this.#times[at] === timeMs) return;
    if (at === this.#times.length) this.#times.push(timeMs);
    else this.#times.splice(at, 0, timeMs);
  }

  remove(timeMs: number, entry: Entry): void {
    const bucket = this.#buckets.get(timeMs);
    if (bucket === undefined) return;
    bucket.delete(entry);
    if (bucket.size === 0) this.#buckets.delete(timeMs);
  }

  firstMs(): number | undefined {
    while (this.#from < this.#times.length) {
      const time = this.#times[this.#from]!;
      if (this.#buckets.has(time)) return time;
      this.#drop();
    }
    return undefined;
  }

  /** Entries with times in [fromMs, toMs], by rising time; entries of one time as they were added. */
  between(fromMs: number, toMs: number): Entry[] {
    const found: Entry[] = [];
    for (let at = this.#search(fromMs); at < this.#times.length && this.#times[at]! <= toMs; at++) {
      for (const entry of this.#buckets.get(this.#times[at]!) ?? []) found.push(entry);
    }
    return found;
  }

  /** Takes out the entries with times before `beforeMs`. */
  takeBefore(beforeMs: number): Entry[] {
    const taken: Entry[] = [];
    while (this.#from < this.#times.length && this.#times[this.#from]! < beforeMs) {
      const time = this.#times[this.#from]!;
      for (const entry of this.#buckets.get(time) ?? []) taken.push(entry);
      this.#buckets.delete(time);
      this.#drop();
    }
    return taken;
  }

  #drop(): void {
    this.#from++;
    // The dead front is cut off when it is the larger half, so each time is moved once on average.
    if (this.#from * 2 <= this.#times.length) return;
    this.#times = this.#times.slice(this.#from);
    this.#from = 0;
  }

  /** Place of the first time that is not before `timeMs`. */
  #search(timeMs: number): number {
    let low = this.#from;
    let high = this.#times.length;
    if (high > low && this.#times[high - 1]! < timeMs) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#times[middle]! < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
