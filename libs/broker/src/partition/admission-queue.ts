import { MoldauError } from '@moldau/kernel';

/** One batch that has arrived: `proceed` appends it, `refuse` answers it. */
export interface Arrival {
  proceed(): void;
  refuse(error: MoldauError): void;
}

interface Waiting {
  readonly arrival: Arrival;
  verdict: 'checking' | 'admitted' | MoldauError;
}

/**
 * Keeps the order of one partition's arrivals where some of them must be checked off the event loop: an arrival goes on
 * only after all those before it have.
 */
export class AdmissionQueue {
  readonly #waiting: Waiting[] = [];

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** `check` undefined: needs none, but keeps its place. */
  push(arrival: Arrival, check: Promise<void> | undefined): void {
    const waiting: Waiting = { arrival, verdict: check === undefined ? 'admitted' : 'checking' };
    this.#waiting.push(waiting);
    check?.then(
      () => this.#decide(waiting, 'admitted'),
      (caught: unknown) => this.#decide(waiting, MoldauError.from(caught)),
    );
  }

  #decide(waiting: Waiting, verdict: 'admitted' | MoldauError): void {
    waiting.verdict = verdict;
    for (let first = this.#waiting[0]; first !== undefined && first.verdict !== 'checking'; first = this.#waiting[0]) {
      this.#waiting.shift();
      if (first.verdict === 'admitted') first.arrival.proceed();
      else first.arrival.refuse(first.verdict);
    }
  }
}
