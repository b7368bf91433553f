/** Hands on what comes in any order in the order of its numbers, without a gap: the rest waits. */
export class InOrder<Item> {
  readonly #take: (item: Item) => void;
  readonly #waiting = new Map<number, Item>();
  #next: number;

  /** `first`: the number with which it begins. */
  constructor(first: number, take: (item: Item) => void) {
    this.#next = first;
    this.#take = take;
  }

  put(number: number, item: Item): void {
    this.#waiting.set(number, item);
    for (let ready = this.#waiting.get(this.#next); ready !== undefined; ready = this.#waiting.get(this.#next)) {
      this.#waiting.delete(this.#next++);
      this.#take(ready);
    }
  }
}
