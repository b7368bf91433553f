/** Runs tasks one after the other, in the order they came. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  get idle(): boolean {
    return this.#waiting === 0;
  }

  run<Result>(task: () => Promise<Result>): Promise<Result> {
    this.#waiting += 1;
    const done = (): void => {
      this.#waiting -= 1;
    };
    const result = this.#last.then(task);
    this.#last = result.then(done, done);
    return result;
  }
}
