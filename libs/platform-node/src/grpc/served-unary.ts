import type { Metadata, ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { type CallHandler, type Logger, type MethodPath, STATUS_OK, type Status } from '@moldau/kernel';
import { GrpcIncomingCall } from './grpc-incoming-call.ts';
import { asBuffer, statusOfThrown, toGrpcStatus } from './grpc-status.ts';

export interface ServedCallContext {
  readonly path: MethodPath;
  readonly listener: string;
  readonly logger: Logger;
  /** For unary calls that name no deadline. */
  readonly defaultTimeoutMs: number;
  /** Bytes written and not yet taken by the connection from which `write` returns false. */
  readonly writeBufferBytes: number;
}

const ANSWERED = toGrpcStatus(STATUS_OK);
const ignore = (): void => {};

/** A unary call on the server, as the listener of grpc-js's call. */
export class ServedUnary {
  readonly #call: ServerInterceptingCallInterface;
  readonly #handler: CallHandler & { readonly kind: 'unary' };
  readonly #context: ServedCallContext;
  #incoming: GrpcIncomingCall | undefined;
  #request: Buffer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #over = false;

  constructor(call: ServerInterceptingCallInterface, handler: CallHandler & { readonly kind: 'unary' }, context: ServedCallContext) {
    this.#call = call;
    this.#handler = handler;
    this.#context = context;
  }

  onReceiveMetadata(metadata: Metadata): void {
    const incoming = new GrpcIncomingCall(this.#context.path, this.#context.listener, this.#call, metadata);
    this.#incoming = incoming;
    if (incoming.timeoutMs === undefined) this.#timer = setTimeout(() => this.#expire(), this.#context.defaultTimeoutMs);
    this.#call.startRead();
  }

  onReceiveMessage(message: Buffer): void {
    if (this.#request !== undefined) {
      this.#close({ code: 'UNIMPLEMENTED', message: 'a unary call has one request message' });
      return;
    }
    this.#request = message;
    this.#call.startRead();
  }

  onReceiveHalfClose(): void {
    if (this.#over) return;
    if (this.#request === undefined || this.#incoming === undefined) {
      this.#close({ code: 'UNIMPLEMENTED', message: 'a unary call has a request message' });
      return;
    }
    void this.#answer(this.#request, this.#incoming);
  }

  /** Also follows every end of ours. */
  onCancel(): void {
    clearTimeout(this.#timer);
    if (this.#over) return;
    this.#over = true;
    this.#incoming?.abort();
  }

  async #answer(request: Buffer, incoming: GrpcIncomingCall): Promise<void> {
    try {
      const response = await this.#handler.call(request, incoming);
      if (this.#over) return;
      this.#over = true;
      clearTimeout(this.#timer);
      this.#call.sendMessage(asBuffer(response), ignore);
      this.#call.sendStatus(ANSWERED);
    } catch (caught) {
      const status = statusOfThrown(caught);
      if (status.code === 'INTERNAL') this.#context.logger.error('call handler failed', { path: this.#context.path, error: caught });
      this.#close(status);
    }
  }

  #close(status: Status): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#call.sendStatus(toGrpcStatus(status));
  }

  #expire(): void {
    if (this.#over) return;
    this.#close({ code: 'DEADLINE_EXCEEDED', message: `no answer within the server's ${this.#context.defaultTimeoutMs} ms` });
    this.#incoming?.abort();
  }
}
