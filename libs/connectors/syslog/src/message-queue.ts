/** A message as it came. */
export interface RawMessage {
  readonly bytes: Buffer;
  readonly address: string;
  readonly receivedMs: number;
}

export interface QueueLimits {
  readonly records: number;
  readonly bytes: number;
}

/** Bytes that are counted for a message besides its own: what it is kept in. */
const OVERHEAD_BYTES = 200;

/** Messages that wait, in the order in which they came; those who put them in ask first whether there is room. */
export class MessageQueue {
  readonly #limits: QueueLimits;
  #messages: RawMessage[] = [];
  #first = 0;
  #bytes = 0;
  #wake: (() => void) | undefined;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get length(): number {
    return this.#messages.length - this.#first;
  }

  get isFull(): boolean {
    return this.length >= this.#limits.records || this.#bytes >= this.#limits.bytes;
  }

  /** Half of the room is free: those who were stopped may go on. */
  get isHalfEmpty(): boolean {
    return this.length <= this.#limits.records / 2 && this.#bytes <= this.#limits.bytes / 2;
  }

  push(message: RawMessage): void {
    this.#messages.push(message);
    this.#bytes += message.bytes.length + OVERHEAD_BYTES;
    this.#wake?.();
  }

  /** Takes the oldest messages away, at least one if there is one. */
  take({ records, bytes }: QueueLimits): readonly RawMessage[] {
    let end = this.#first;
    let taken = 0;
    while (end < this.#messages.length && end - this.#first < records && (taken === 0 || taken < bytes)) {
      taken += (this.#messages[end]?.bytes.length ?? 0) + OVERHEAD_BYTES;
      end += 1;
    }
    const messages = this.#messages.slice(this.#first, end);
    this.#first = end;
    this.#bytes -= taken;
    // Moved forward seldom, so that taking one is cheap however many wait.
    if (this.#first * 2 >= this.#messages.length) {
      this.#messages = this.#messages.slice(this.#first);
      this.#first = 0;
    }
    return messages;
  }

  /** Resolves when a message waits, when the signal aborts, or when what `wait` started calls back. */
  async ready(signal: AbortSignal, wait: (done: () => void) => () => void): Promise<void> {
    if (this.length > 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        cancel();
        signal.removeEventListener('abort', done);
        this.#wake = undefined;
        resolve();
      };
      const cancel = wait(done);
      signal.addEventListener('abort', done);
      this.#wake = done;
    });
  }
}
