import type { Metadata, ServerInterceptingCallInterface } from '@grpc/grpc-js';
import type { CallHandler, ComposedMessage, ServerStream, Status, StreamEvents } from '@moldau/kernel';
import { countMessageGarbage } from '../memory/message-garbage.ts';
import { Fifo } from './fifo.ts';
import { deadlineOf, GrpcIncomingCall } from './grpc-incoming-call.ts';
import { asBuffer, statusOfThrown, toGrpcStatus } from './grpc-status.ts';
import type { ServedCallContext } from './served-unary.ts';
import { WriteWindow } from './write-window.ts';

/** What is received lies in the connection's buffers first, and in one of its own then. */
const RECEIVED_COPIES = 2;

/** `open → closing` (our status is on its way) `→ closed`; `open → closed` when the caller goes first. */
type StreamState = { readonly kind: 'open' } | { readonly kind: 'closing'; readonly status: Status } | { readonly kind: 'closed' };

/** A stream on the server, as the listener of grpc-js's call and as the port's stream. */
export class ServedStream implements ServerStream {
  readonly #call: ServerInterceptingCallInterface;
  readonly #handler: CallHandler & { readonly kind: 'stream' };
  readonly #context: ServedCallContext;
  readonly #window: WriteWindow;
  /** Sizes of the messages that the connection has not taken, in order. */
  readonly #unsent = new Fifo<number>();
  #incoming: GrpcIncomingCall | undefined;
  #events: StreamEvents | undefined;
  #state: StreamState = { kind: 'open' };
  #paused = false;
  #readPending = false;

  constructor(call: ServerInterceptingCallInterface, handler: CallHandler & { readonly kind: 'stream' }, context: ServedCallContext) {
    this.#call = call;
    this.#handler = handler;
    this.#context = context;
    this.#window = new WriteWindow(context.writeBufferBytes);
  }

  write(message: Uint8Array): boolean {
    return this.#send(asBuffer(message));
  }

  writeComposed(message: ComposedMessage): boolean {
    return this.#send(message);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    if (this.#state.kind === 'open' && !this.#readPending) this.#read();
  }

  close(status: Status): void {
    if (this.#state.kind !== 'open') return;
    this.#state = { kind: 'closing', status };
    this.#call.sendStatus(toGrpcStatus(status));
  }

  onReceiveMetadata(metadata: Metadata): void {
    const incoming = new GrpcIncomingCall(this.#context.path, this.#context.listener, this.#call, metadata);
    this.#incoming = incoming;
    this.#guard(() => {
      this.#events = this.#handler.open(this, incoming);
    });
    if (!this.#paused && !this.#readPending) this.#read();
  }

  onReceiveMessage(message: Buffer): void {
    this.#readPending = false;
    if (this.#state.kind !== 'open') return;
    countMessageGarbage(RECEIVED_COPIES * message.length);
    this.#guard(() => this.#events?.message(message));
    if (!this.#paused && !this.#readPending) this.#read();
  }

  onReceiveHalfClose(): void {
    this.#readPending = false;
    if (this.#state.kind === 'open') this.#guard(() => this.#events?.ended());
  }

  /** The call is over: the caller went, a deadline passed, or our status is out. */
  onCancel(): void {
    const state = this.#state;
    if (state.kind === 'closed') return;
    this.#state = { kind: 'closed' };
    if (state.kind === 'closing') {
      this.#events?.closed(state.status);
      return;
    }
    this.#incoming?.abort();
    const expired = Date.now() >= deadlineOf(this.#call);
    this.#events?.closed(
      expired ? { code: 'DEADLINE_EXCEEDED', message: 'the deadline passed' } : { code: 'CANCELLED', message: 'the caller has gone' },
    );
  }

  /** One callback for all messages: they leave in order. */
  readonly #sent = (): void => {
    const bytes = this.#unsent.shift() ?? 0;
    if (!this.#window.remove(bytes)) return;
    // Not within the write callback of the HTTP/2 stream, where ending it is unsafe (nodejs/node#49147).
    process.nextTick(() => {
      if (this.#state.kind === 'open') this.#guard(() => this.#events?.drained());
    });
  };

  #send(message: ComposedMessage): boolean {
    if (this.#state.kind !== 'open') return false;
    this.#unsent.push(message.byteLength);
    countMessageGarbage(message.byteLength);
    // grpc-js copies each message behind a header of its own, and asks it for nothing but its length and that copy.
    this.#call.sendMessage(message, this.#sent);
    return this.#window.add(message.byteLength);
  }

  #read(): void {
    this.#readPending = true;
    this.#call.startRead();
  }

  #guard(callback: () => void): void {
    try {
      callback();
    } catch (caught) {
      const status = statusOfThrown(caught);
      if (status.code === 'INTERNAL') this.#context.logger.error('stream handler failed', { path: this.#context.path, error: caught });
      this.close(status);
    }
  }
}
