import { assert, type MessageSink, type Scheduler, type Status, type StreamEvents } from '@moldau/kernel';
import type { Packet } from './packet.ts';

export interface CallEndOptions {
  /** The process at this end. */
  readonly scheduler: Scheduler;
  /** Bytes under way to the other end from which `write` returns false. */
  readonly windowBytes: number;
  send(packet: Packet): void;
  /** The call is over at this end. */
  released(): void;
  /** Turns what a callback threw into the end of the call; without it the error is a crash. */
  failed?(caught: unknown): void;
}

/** How the other end finished, while messages before it still wait to be read. */
type Ending = { readonly kind: 'open' } | { readonly kind: 'ended' } | { readonly kind: 'closed'; readonly status: Status };

/** One end of a call: what it has sent and the other has not taken, what has arrived and is not read. */
export class CallEnd implements MessageSink {
  readonly #options: CallEndOptions;
  #events: StreamEvents | undefined;
  #inbox: Uint8Array[] = [];
  #ending: Ending = { kind: 'open' };
  #endedTold = false;
  #paused = false;
  #pumping = false;
  #outstandingBytes = 0;
  /** Taken and not yet reported to the other end. */
  #takenBytes = 0;
  #full = false;
  #over = false;

  constructor(options: CallEndOptions) {
    this.#options = options;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Whoever listens; before that what arrives waits. */
  attach(events: StreamEvents): void {
    assert(this.#events === undefined, 'a call has one owner');
    this.#events = events;
    this.#pump();
  }

  write(message: Uint8Array): boolean {
    return this.writeOwned(message.slice());
  }

  /** As `write`, of bytes that nobody else has: they are not copied. */
  writeOwned(message: Uint8Array): boolean {
    if (this.#over) return false;
    this.#outstandingBytes += message.length;
    this.#options.send({ kind: 'message', bytes: message });
    this.#full = this.#outstandingBytes >= this.#options.windowBytes;
    return !this.#full;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#options.scheduler.nextTurn(() => this.#pump());
  }

  receiveMessage(bytes: Uint8Array): void {
    if (this.#over) return;
    this.#inbox.push(bytes);
    this.#pump();
  }

  receiveEnd(): void {
    if (this.#over) return;
    this.#ending = { kind: 'ended' };
    this.#pump();
  }

  receiveCredit(bytes: number): void {
    this.#outstandingBytes -= bytes;
    assert(this.#outstandingBytes >= 0, 'no more is taken than was sent');
    if (this.#over || !this.#full || this.#outstandingBytes >= this.#options.windowBytes) return;
    this.#full = false;
    this.#tell((events) => events.drained());
  }

  /** The other end closed the call. As in gRPC, messages before an OK are still read; an error overtakes them. */
  receiveStatus(status: Status): void {
    if (this.#over) return;
    if (status.code !== 'OK') {
      this.finish(status);
      return;
    }
    this.#ending = { kind: 'closed', status };
    this.#pump();
  }

  /** The call ends here and now; its owner hears of it in the next turn. */
  finish(status: Status): void {
    if (this.#over) return;
    this.#over = true;
    this.#inbox = [];
    this.#options.released();
    this.#options.scheduler.nextTurn(() => this.#events?.closed(status));
  }

  #pump(): void {
    const events = this.#events;
    if (this.#pumping || events === undefined) return;
    this.#pumping = true;
    while (!this.#paused && !this.#over) {
      const bytes = this.#inbox.shift();
      if (bytes === undefined) break;
      this.#take(bytes.length);
      this.#tell(() => events.message(bytes));
    }
    this.#pumping = false;
    if (!this.#paused && !this.#over && this.#inbox.length === 0) this.#passEnding(events);
  }

  /** The other end learns of it half a window at a time, as in HTTP/2: not of each message. */
  #take(bytes: number): void {
    this.#takenBytes += bytes;
    if (this.#takenBytes * 2 < this.#options.windowBytes) return;
    this.#options.send({ kind: 'credit', bytes: this.#takenBytes });
    this.#takenBytes = 0;
  }

  #passEnding(events: StreamEvents): void {
    switch (this.#ending.kind) {
      case 'open':
        return;
      case 'ended':
        if (this.#endedTold) return;
        this.#endedTold = true;
        this.#tell(() => events.ended());
        return;
      case 'closed':
        this.finish(this.#ending.status);
    }
  }

  #tell(callback: (events: StreamEvents) => void): void {
    if (this.#events === undefined) return;
    try {
      callback(this.#events);
    } catch (caught) {
      if (this.#options.failed === undefined) throw caught;
      this.#options.failed(caught);
    }
  }
}
