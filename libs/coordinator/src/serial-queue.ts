import { MoldauError } from '@moldau/kernel';

/** Decisions that wait for their turn; more are refused, so that a slow store costs bounded memory. */
const WAITING_MAX = 1_000;

/** Runs one job after the other, in order. */
export class SerialQueue {
  private tail: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  /** Rejects MEMORY_BUDGET_EXHAUSTED when too many wait. */
  run<Result>(job: () => Promise<Result>): Promise<Result> {
    if (this.waiting >= WAITING_MAX) {
      const facts = { waiting: String(this.waiting), limit: String(WAITING_MAX) };
      return Promise.reject(new MoldauError('MEMORY_BUDGET_EXHAUSTED', `${this.waiting} changes of the metadata wait already`, facts));
    }
    this.waiting += 1;
    const result = this.tail.then(job);
    const done = (): void => {
      this.waiting -= 1;
    };
    this.tail = result.then(done, done);
    return result;
  }
}
