/** A part that is not at the store yet. */
interface Sending {
  readonly owner: object;
  readonly send: () => Promise<void>;
  /** Settles, never rejects, when the try that runs has ended; undefined when none runs. */
  running: Promise<void> | undefined;
  error: unknown;
}

/** Sends parts while the next are made; only so many at once, whatever objects they are of. */
export class PartSender {
  readonly #max: number;
  readonly #sending = new Set<Sending>();

  constructor(max: number) {
    this.#max = max;
  }

  /** Begins to send. The caller asks for `room` before it makes the next part. */
  add(owner: object, send: () => Promise<void>): void {
    const sending: Sending = { owner, send, running: undefined, error: undefined };
    this.#sending.add(sending);
    this.#try(sending);
  }

  /** Resolves when one more may be sent. @throws what sending threw; called again, it tries again */
  async room(): Promise<void> {
    while (this.#sending.size >= this.#max) await this.#progress([...this.#sending]);
  }

  /** Resolves when all of the owner are sent. @throws what sending threw; called again, it tries again */
  async drained(owner: object): Promise<void> {
    for (;;) {
      const own = [...this.#sending].filter((each) => each.owner === owner);
      if (own.length === 0) return;
      await this.#progress(own);
    }
  }

  /** Forgets what the owner has; what runs ends by itself. */
  async forget(owner: object): Promise<void> {
    for (const sending of [...this.#sending].filter((each) => each.owner === owner)) {
      await sending.running;
      this.#sending.delete(sending);
    }
  }

  /** Waits until one of them is sent or has failed. */
  async #progress(some: readonly Sending[]): Promise<void> {
    for (const sending of some) {
      if (sending.running === undefined) this.#try(sending);
    }
    await Promise.race(some.flatMap(({ running }) => (running === undefined ? [] : [running])));
    const failed = some.find(({ running, error }) => running === undefined && error !== undefined);
    if (failed !== undefined) throw failed.error;
  }

  #try(sending: Sending): void {
    sending.error = undefined;
    sending.running = sending.send().then(
      () => void this.#sending.delete(sending),
      (error: unknown) => {
        sending.error = error;
        sending.running = undefined;
      },
    );
  }
}
