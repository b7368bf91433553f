import type { MessageSink, Status, StreamEvents } from '@moldau/kernel';

export interface CallHalfOptions {
  readonly windowBytes: number;
  /** Runs in a later turn, in order. */
  deliver(callback: () => void): void;
  /** A callback of the owner threw; without it that is a crash. */
  failed?(caught: unknown): void;
}

/** How the other half finished, while messages before it wait to be read. */
type Ending = { readonly kind: 'open' } | { readonly kind: 'ended' } | { readonly kind: 'closed'; readonly status: Status };

/** One end of a call within the process: its owner, and what has arrived for it. */
export class CallHalf implements MessageSink {
  readonly #options: CallHalfOptions;
  #other: CallHalf | undefined;
  #events: StreamEvents | undefined;
  #inbox: Uint8Array[] = [];
  #ending: Ending = { kind: 'open' };
  #unreadBytes = 0;
  #full = false;
  #paused = false;
  #reading = false;
  #over = false;

  constructor(options: CallHalfOptions) {
    this.#options = options;
  }

  get over(): boolean {
    return this.#over;
  }

  join(other: CallHalf): void {
    this.#other = other;
    other.#other = this;
  }

  attach(events: StreamEvents): void {
    this.#events = events;
    this.#read();
  }

  write(message: Uint8Array): boolean {
    const other = this.#other;
    if (this.#over || other === undefined) return false;
    this.#unreadBytes += message.length;
    if (this.#unreadBytes >= this.#options.windowBytes) this.#full = true;
    this.#options.deliver(() => other.#arrive(message));
    return !this.#full;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#options.deliver(() => this.#read());
  }

  /** Tells the other half that no more comes, or how the call ended, after what was written. */
  sendEnding(ending: Ending): void {
    const other = this.#other;
    if (other !== undefined) this.#options.deliver(() => other.#finish(ending));
  }

  /** Ends this half now; its owner hears of it in a later turn. */
  close(status: Status): void {
    if (this.#over) return;
    this.#over = true;
    this.#inbox = [];
    this.#options.deliver(() => this.#events?.closed(status));
  }

  #arrive(message: Uint8Array): void {
    if (this.#over) return;
    this.#inbox.push(message);
    this.#read();
  }

  #finish(ending: Ending): void {
    if (this.#over) return;
    // As in gRPC, an error overtakes what is unread; OK does not.
    if (ending.kind === 'closed' && ending.status.code !== 'OK') {
      this.close(ending.status);
      return;
    }
    this.#ending = ending;
    this.#read();
  }

  #read(): void {
    const events = this.#events;
    const other = this.#other;
    if (this.#reading || events === undefined || other === undefined) return;
    this.#reading = true;
    while (!this.#paused && !this.#over) {
      const message = this.#inbox.shift();
      if (message === undefined) break;
      other.#taken(message.length);
      this.#guard(() => events.message(message));
    }
    this.#reading = false;
    if (!this.#paused && !this.#over && this.#inbox.length === 0) this.#passEnding(events);
  }

  #passEnding(events: StreamEvents): void {
    const ending = this.#ending;
    this.#ending = { kind: 'open' };
    if (ending.kind === 'ended') this.#guard(() => events.ended());
    else if (ending.kind === 'closed') this.close(ending.status);
  }

  #taken(bytes: number): void {
    this.#unreadBytes -= bytes;
    if (this.#over || !this.#full || this.#unreadBytes > this.#options.windowBytes / 2) return;
    this.#full = false;
    this.#options.deliver(() => {
      if (!this.#over) this.#guard(() => this.#events?.drained());
    });
  }

  #guard(callback: () => void): void {
    try {
      callback();
    } catch (caught) {
      if (this.#options.failed === undefined) throw caught;
      this.#options.failed(caught);
    }
  }
}
