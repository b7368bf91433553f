import { assert } from '@moldau/kernel';

/** Finished places in front that may pile up before the list is cut: cutting costs a copy. */
const SLACK = 1_024;

/**
 * Which places of one partition were begun and not finished, in whatever order that happens. Everything below `lowest` is
 * finished, so an offset that is committed never passes it. Who uses it bounds how many are unfinished.
 */
export class CommitFrontier {
  /** In the order in which they began, which is rising. */
  #begun: number[] = [];
  #head = 0;
  /** Finished, but something below is not. */
  readonly #finished = new Set<number>();

  /** The first place that is begun and not finished; undefined when all are. */
  get lowest(): number | undefined {
    return this.#begun[this.#head];
  }

  /** Places from the lowest unfinished one on, finished or not. */
  get width(): number {
    return this.#begun.length - this.#head;
  }

  /** A record or a batch is handed out that begins at `offset`, above all before. */
  begin(offset: number): void {
    const last = this.#begun.at(-1);
    assert(this.width === 0 || (last !== undefined && offset > last), 'places begin in rising order', { offset, last: last ?? -1 });
    this.#begun.push(offset);
  }

  /** It is done with. */
  finish(offset: number): void {
    this.#finished.add(offset);
    for (let first = this.lowest; first !== undefined && this.#finished.delete(first); first = this.lowest) this.#head += 1;
    if (this.#head === this.#begun.length) {
      this.#begun = [];
      this.#head = 0;
    } else if (this.#head >= SLACK && this.#head * 2 >= this.#begun.length) {
      this.#begun = this.#begun.slice(this.#head);
      this.#head = 0;
    }
  }
}
