import {
  type CallHandler,
  type CallHandlers,
  type CallMetadata,
  composedBytes,
  type IncomingCall,
  type MethodPath,
  type Scheduler,
  STATUS_OK,
  type Status,
  StatusError,
  type StreamEvents,
  type Timer,
} from '@moldau/kernel';
import { CallEnd } from './call-end.ts';
import type { Packet } from './packet.ts';

export interface ServedCallOptions {
  readonly handlers: CallHandlers;
  readonly listener: string;
  readonly peer: string;
  readonly scheduler: Scheduler;
  readonly windowBytes: number;
  send(packet: Packet): void;
  released(): void;
}

const CANCELLED: Status = { code: 'CANCELLED', message: 'the caller has gone' };

/** The server's end of a call, from its `open` packet on. */
export class ServedCall {
  readonly #options: ServedCallOptions;
  readonly #end: CallEnd;
  readonly #abort = new AbortController();
  #deadline: Timer | undefined;

  constructor(options: ServedCallOptions) {
    this.#options = options;
    this.#end = new CallEnd({
      scheduler: options.scheduler,
      windowBytes: options.windowBytes,
      send: options.send,
      released: () => {
        this.#deadline?.cancel();
        options.released();
      },
      failed: (caught) => this.#close(statusOf(caught)),
    });
  }

  receive(packet: Packet): void {
    switch (packet.kind) {
      case 'open':
        this.#open(packet.path, packet.metadata, packet.timeoutMs);
        return;
      case 'message':
        this.#end.receiveMessage(packet.bytes);
        return;
      case 'end':
        this.#end.receiveEnd();
        return;
      case 'credit':
        this.#end.receiveCredit(packet.bytes);
        return;
      case 'cancel':
        this.abandon(packet.status);
        return;
      case 'status':
        return;
    }
  }

  /** The caller has gone, or the connection. */
  abandon(status: Status = CANCELLED): void {
    if (this.#end.over) return;
    this.#abort.abort();
    this.#end.finish(status);
  }

  #open(path: MethodPath, metadata: CallMetadata, timeoutMs: number | undefined): void {
    const handler = this.#options.handlers.get(path);
    if (handler === undefined) {
      this.#close({ code: 'UNIMPLEMENTED', message: `the server does not have the method ${path}` });
      return;
    }
    if (timeoutMs !== undefined) this.#deadline = this.#options.scheduler.after(timeoutMs, () => this.#expire());
    const incoming: IncomingCall = {
      path,
      listener: this.#options.listener,
      peer: this.#options.peer,
      metadata,
      timeoutMs,
      signal: this.#abort.signal,
    };
    try {
      this.#end.attach(this.#events(handler, incoming));
    } catch (caught) {
      this.#close(statusOf(caught));
    }
  }

  #events(handler: CallHandler, incoming: IncomingCall): StreamEvents {
    const end = this.#end;
    if (handler.kind === 'unary') return this.#unaryEvents(handler, incoming);
    return handler.open(
      {
        write: (message) => end.write(message),
        writeComposed: (message) => end.writeOwned(composedBytes(message)),
        pause: () => end.pause(),
        resume: () => end.resume(),
        close: (status) => this.#close(status),
      },
      incoming,
    );
  }

  #unaryEvents(handler: CallHandler & { readonly kind: 'unary' }, incoming: IncomingCall): StreamEvents {
    let request: Uint8Array | undefined;
    return {
      message: (bytes) => {
        request = bytes;
      },
      drained: () => {},
      ended: () => {
        if (request === undefined) this.#close({ code: 'UNIMPLEMENTED', message: 'the call has no request message' });
        else void this.#answer(handler.call(request, incoming));
      },
      closed: () => {},
    };
  }

  async #answer(response: Promise<Uint8Array>): Promise<void> {
    try {
      this.#end.write(await response);
      this.#close(STATUS_OK);
    } catch (caught) {
      this.#close(statusOf(caught));
    }
  }

  #close(status: Status): void {
    if (this.#end.over) return;
    this.#options.send({ kind: 'status', status });
    this.#end.finish(status);
  }

  #expire(): void {
    this.#abort.abort();
    this.#close({ code: 'DEADLINE_EXCEEDED', message: 'the deadline passed' });
  }
}

/** What a handler threw, as the caller hears it: nothing of an unexpected error's message leaves the server. */
function statusOf(caught: unknown): Status {
  if (caught instanceof StatusError) return caught.status;
  return { code: 'INTERNAL', message: 'internal error' };
}
