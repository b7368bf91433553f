/** A long stream that can be asked to end. */
export interface LongStream {
  /** Tells the client to go elsewhere and ends as soon as what it owes is sent; called at most once. */
  goAway(message: string): void;
  /** Ends now, owing or not. */
  abandon(): void;
}

/** The open streams that a graceful stop must end. */
export class StreamRegistry {
  readonly #streams = new Set<LongStream>();
  #waiting: (() => void)[] = [];
  #message: string | undefined;

  get size(): number {
    return this.#streams.size;
  }

  add(stream: LongStream): void {
    this.#streams.add(stream);
    if (this.#message !== undefined) stream.goAway(this.#message);
  }

  remove(stream: LongStream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Asks all to end, also those that are opened from now on; settles when none is left. */
  goAway(message: string): Promise<void> {
    this.#message = message;
    for (const stream of [...this.#streams]) stream.goAway(message);
    if (this.#streams.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Ends those that are left. */
  abandon(): void {
    for (const stream of [...this.#streams]) stream.abandon();
  }
}
