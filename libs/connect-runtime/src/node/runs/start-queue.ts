/** Leave to start a thread; to be given back once, when its code is loaded or it is gone. */
export type Leave = () => void;

/**
 * Threads load their code, which costs a core a good part of a second: a worker that takes over a hundred tasks starts some at
 * a time, so that the first ones work soon, and tasks before planners, whose plans are known already.
 */
export class StartQueue {
  readonly #limit: number;
  readonly #first: ((leave: Leave) => void)[] = [];
  readonly #later: ((leave: Leave) => void)[] = [];
  #starting = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Resolves when it may start. */
  turn(isFirst: boolean): Promise<Leave> {
    return new Promise((resolve) => {
      (isFirst ? this.#first : this.#later).push(resolve);
      this.#next();
    });
  }

  #next(): void {
    while (this.#starting < this.#limit) {
      const start = this.#first.shift() ?? this.#later.shift();
      if (start === undefined) return;
      this.#starting += 1;
      let isGiven = true;
      start(() => {
        if (!isGiven) return;
        isGiven = false;
        this.#starting -= 1;
        this.#next();
      });
    }
  }
}
