import { type Metadata, type StatusObject, status as statusCodes } from '@grpc/grpc-js';
import { STATUS_OK, type Status } from '@moldau/kernel';
import type { GrpcCall, OpenCall } from './grpc-call.ts';
import { asBuffer, fromGrpcStatus } from './grpc-status.ts';

/** A unary call at its caller, as the listener of grpc-js's call. */
export class CalledUnary implements OpenCall {
  readonly #call: GrpcCall;
  readonly #address: string;
  readonly #signal: AbortSignal | undefined;
  readonly #settle: (response: Uint8Array | undefined, status: Status) => void;
  #response: Buffer | undefined;

  /** `settle` is called once; its response is undefined exactly when the status is not OK. */
  constructor(
    call: GrpcCall,
    address: string,
    signal: AbortSignal | undefined,
    settle: (response: Uint8Array | undefined, status: Status) => void,
  ) {
    this.#call = call;
    this.#address = address;
    this.#signal = signal;
    this.#settle = settle;
  }

  start(metadata: Metadata, request: Uint8Array): void {
    this.#signal?.addEventListener('abort', this.#cancel);
    this.#call.start(metadata, this);
    this.#call.startRead();
    this.#call.sendMessageWithContext({}, asBuffer(request));
    this.#call.halfClose();
  }

  cancel(): void {
    this.#call.cancelWithStatus(statusCodes.CANCELLED, 'the call was cancelled');
  }

  onReceiveMetadata(): void {}

  onReceiveMessage(message: Buffer): void {
    this.#response = message;
    // The status comes only when all there is has been read.
    this.#call.startRead();
  }

  onReceiveStatus(received: StatusObject): void {
    this.#signal?.removeEventListener('abort', this.#cancel);
    const status = fromGrpcStatus(received, this.#address);
    if (status.code !== 'OK') this.#settle(undefined, status);
    else if (this.#response === undefined) this.#settle(undefined, { code: 'INTERNAL', message: 'the answer has no message' });
    else this.#settle(this.#response, STATUS_OK);
  }

  readonly #cancel = (): void => this.cancel();
}
