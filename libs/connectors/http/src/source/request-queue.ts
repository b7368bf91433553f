import type { SourceRecord } from '@moldau/connect';

/** How a request ended: all of its records are durable, or they are not known to be. */
export type Outcome = 'written' | 'unknown';

/** Records of one request on their way. */
export interface QueuedRequest {
  readonly records: readonly SourceRecord[];
  /** Of its body. */
  readonly bytes: number;
  /** Called once. */
  readonly settle: (outcome: Outcome) => void;
}

interface Underway extends QueuedRequest {
  /** Records that were not given out. */
  given: number;
  /** Records that were not written. */
  left: number;
}

/** Records that were given out together, by their requests. */
export interface Taken {
  readonly records: readonly SourceRecord[];
  readonly parts: readonly { readonly request: Underway; readonly count: number }[];
}

/** Requests whose records wait, or are being written; bounded by those who put them in. */
export class RequestQueue {
  readonly #waiting: Underway[] = [];
  readonly #all = new Set<Underway>();
  #records = 0;
  #bytes = 0;
  #wake: (() => void) | undefined;

  /** Records that wait or are being written. */
  get records(): number {
    return this.#records;
  }

  /** Bytes of bodies that were reserved, wait or are being written. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Counts bytes that come in, or, below zero, that are not kept after all. */
  reserve(bytes: number): void {
    this.#bytes += bytes;
  }

  /** The bytes of the request must be reserved. */
  add(request: QueuedRequest): void {
    const underway = { ...request, given: 0, left: request.records.length };
    this.#records += request.records.length;
    this.#all.add(underway);
    this.#waiting.push(underway);
    this.#wake?.();
  }

  /** Resolves when something waits, or the signal aborts, or after `wait` does. */
  async ready(signal: AbortSignal, wait: (done: () => void) => () => void): Promise<void> {
    if (this.#waiting.length > 0 || signal.aborted) return;
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

  /** The next records, of whole requests where they fit; undefined if there are none. */
  take(recordsMax: number, bytesMax: number): Taken | undefined {
    const records: SourceRecord[] = [];
    const parts: { request: Underway; count: number }[] = [];
    let bytes = 0;
    while (records.length < recordsMax && bytes < bytesMax) {
      const request = this.#waiting[0];
      if (request === undefined) break;
      const count = Math.min(request.records.length - request.given, recordsMax - records.length);
      for (let index = 0; index < count; index += 1) records.push(request.records[request.given + index] as SourceRecord);
      request.given += count;
      bytes += request.bytes;
      parts.push({ request, count });
      if (request.given === request.records.length) this.#waiting.shift();
    }
    return parts.length === 0 ? undefined : { records, parts };
  }

  /** What was taken is durable: requests of which nothing is left are answered. */
  written({ parts }: Taken): void {
    for (const { request, count } of parts) {
      request.left -= count;
      if (request.left === 0) this.#end(request, 'written');
    }
  }

  /** Nothing more will be written. */
  close(): void {
    for (const request of [...this.#all]) this.#end(request, 'unknown');
    this.#waiting.length = 0;
    this.#wake?.();
  }

  #end(request: Underway, outcome: Outcome): void {
    if (!this.#all.delete(request)) return;
    this.#records -= request.records.length;
    this.#bytes -= request.bytes;
    request.settle(outcome);
  }
}
