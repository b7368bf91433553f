import { type Metadata, type StatusObject, status as statusCodes } from '@grpc/grpc-js';
import type { ClientStream, StreamEvents } from '@moldau/kernel';
import { countMessageGarbage } from '../memory/message-garbage.ts';
import { Fifo } from './fifo.ts';
import type { GrpcCall, OpenCall } from './grpc-call.ts';
import { asBuffer, fromGrpcStatus } from './grpc-status.ts';
import { WriteWindow } from './write-window.ts';

/** What is sent is copied behind grpc-js's header; what is received lies in the connection's buffers first. */
const MESSAGE_COPIES = 2;

export interface CalledStreamOptions {
  /** For what is said when it can't be reached. */
  readonly address: string;
  readonly signal: AbortSignal | undefined;
  readonly writeBufferBytes: number;
  /** The call is over. */
  released(): void;
}

/** A stream at its caller, as the listener of grpc-js's call and as the port's stream. */
export class CalledStream implements ClientStream, OpenCall {
  readonly #call: GrpcCall;
  readonly #events: StreamEvents;
  readonly #options: CalledStreamOptions;
  readonly #window: WriteWindow;
  /** Messages that grpc-js has not been given: below its streams it takes one at a time. */
  readonly #queue = new Fifo<Uint8Array>();
  /** Bytes of the message that grpc-js has and the connection has not; undefined when there is none. */
  #sendingBytes: number | undefined;
  #ending = false;
  #over = false;
  #paused = false;
  #readPending = false;

  constructor(call: GrpcCall, events: StreamEvents, options: CalledStreamOptions) {
    this.#call = call;
    this.#events = events;
    this.#options = options;
    this.#window = new WriteWindow(options.writeBufferBytes);
  }

  start(metadata: Metadata): void {
    this.#options.signal?.addEventListener('abort', this.#abort);
    this.#call.start(metadata, this);
    this.#read();
  }

  write(message: Uint8Array): boolean {
    if (this.#over || this.#ending) return false;
    this.#queue.push(message);
    countMessageGarbage(MESSAGE_COPIES * message.length);
    const open = this.#window.add(message.length);
    this.#sendNext();
    return open;
  }

  end(): void {
    if (this.#over || this.#ending) return;
    this.#ending = true;
    this.#sendNext();
  }

  cancel(): void {
    if (!this.#over) this.#call.cancelWithStatus(statusCodes.CANCELLED, 'the call was cancelled');
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    if (!this.#over && !this.#readPending) this.#read();
  }

  onReceiveMetadata(): void {}

  onReceiveMessage(message: Buffer): void {
    this.#readPending = false;
    if (this.#over) return;
    countMessageGarbage(MESSAGE_COPIES * message.length);
    this.#events.message(message);
    if (!this.#paused && !this.#readPending && !this.#over) this.#read();
  }

  onReceiveStatus(received: StatusObject): void {
    if (this.#over) return;
    this.#over = true;
    this.#queue.clear();
    this.#options.signal?.removeEventListener('abort', this.#abort);
    this.#options.released();
    this.#events.closed(fromGrpcStatus(received, this.#options.address));
  }

  #sendNext(): void {
    if (this.#sendingBytes !== undefined) return;
    const message = this.#queue.shift();
    if (message === undefined) {
      if (this.#ending) this.#call.halfClose();
      return;
    }
    this.#sendingBytes = message.length;
    this.#call.sendMessageWithContext({ callback: this.#sent }, asBuffer(message));
  }

  readonly #sent = (): void => {
    if (this.#over || this.#sendingBytes === undefined) return;
    const free = this.#window.remove(this.#sendingBytes);
    this.#sendingBytes = undefined;
    this.#sendNext();
    if (free && !this.#ending) this.#events.drained();
  };

  readonly #abort = (): void => this.cancel();

  #read(): void {
    this.#readPending = true;
    this.#call.startRead();
  }
}
