import type { Socket } from 'node:net';

/** Bytes on their way through one direction of one connection; at this many the source is paused. */
const IN_FLIGHT_BYTES_MAX = 64 * 2 ** 20;

/** How a direction treats its bytes now; read for each chunk. */
export interface PipeConditions {
  /** Added to each chunk. */
  readonly delayMs: number;
  /** Undefined: no limit. */
  readonly bytesPerSecond: number | undefined;
  /** Whether chunks vanish. */
  readonly discard: boolean;
}

export interface DelayedPipeOptions {
  readonly from: Socket;
  readonly to: Socket;
  readonly conditions: () => PipeConditions;
  /** Told when bytes have vanished: the stream can't be healed any more. */
  readonly discarded: () => void;
}

interface Chunk {
  readonly bytes: Buffer;
  readonly dueMs: number;
}

/** Copies one socket to another, each chunk after its delay, in order, with the source's end and with back-pressure. */
export class DelayedPipe {
  readonly #options: DelayedPipeOptions;
  readonly #queue: Chunk[] = [];
  #queuedBytes = 0;
  /** When the line has carried what was sent so far. */
  #lineFreeMs = 0;
  #ended = false;
  #blocked = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DelayedPipeOptions) {
    this.#options = options;
    const { from, to } = options;
    from.on('data', (bytes: Buffer) => this.#take(bytes));
    from.on('end', () => {
      this.#ended = true;
      this.#finish();
    });
    from.on('close', () => this.#closed());
    to.on('drain', () => {
      this.#blocked = false;
      this.#flush();
    });
  }

  #take(bytes: Buffer): void {
    const { delayMs, bytesPerSecond, discard } = this.#options.conditions();
    if (discard) {
      this.#options.discarded();
      return;
    }
    const now = performance.now();
    this.#lineFreeMs = Math.max(now, this.#lineFreeMs) + (bytesPerSecond === undefined ? 0 : (bytes.length / bytesPerSecond) * 1000);
    const dueMs = this.#lineFreeMs + delayMs;
    this.#queue.push({ bytes, dueMs });
    this.#queuedBytes += bytes.length;
    if (this.#queuedBytes >= IN_FLIGHT_BYTES_MAX) this.#options.from.pause();
    // Without a delay the chunk leaves in the turn it came in.
    if (this.#timer === undefined && dueMs <= now) this.#flush();
    else this.#schedule();
  }

  /** Sends on what is due. */
  #flush(): void {
    const { from, to } = this.#options;
    for (let first = this.#queue[0]; !this.#blocked && first !== undefined && first.dueMs <= performance.now(); first = this.#queue[0]) {
      this.#queue.shift();
      this.#queuedBytes -= first.bytes.length;
      if (!to.destroyed && !to.write(first.bytes)) this.#blocked = true;
    }
    if (this.#queuedBytes < IN_FLIGHT_BYTES_MAX && from.isPaused()) from.resume();
    this.#schedule();
    this.#finish();
  }

  #schedule(): void {
    const first = this.#queue[0];
    if (this.#timer !== undefined || this.#blocked || first === undefined) return;
    const flush = (): void => {
      this.#timer = undefined;
      this.#flush();
    };
    this.#timer = setTimeout(flush, Math.max(0, first.dueMs - performance.now()));
  }

  #finish(): void {
    if (this.#ended && this.#queue.length === 0) this.#options.to.end();
  }

  #closed(): void {
    // What arrived before an orderly end is still delivered.
    if (this.#ended) return;
    clearTimeout(this.#timer);
    this.#options.to.destroy();
  }
}
