/**
 * Remote calls at the level of encoded messages: what gRPC offers, without gRPC. Adapters encode nothing and share nothing
 * by reference between the two ends beyond the message's bytes, which neither end changes after handing them over
 * (a receiver may: it owns what it was given).
 */

/** A method, as gRPC names it: `/moldau.v1.FetchService/Fetch`. */
export type MethodPath = `/${string}/${string}`;

/** gRPC's status codes that Moldau uses, by name; numbers are in `STATUS_CODES`. */
export const STATUS_CODES = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type StatusName = keyof typeof STATUS_CODES;

/** How a call ended. */
export interface Status {
  readonly code: StatusName;
  readonly message: string;
  /** An encoded `google.rpc.Status`, when the other side sent one. */
  readonly details?: Uint8Array;
  /** Set by the caller's side of a transport when nothing of the call has left it: there was no connection. */
  readonly unsent?: true;
}

export const STATUS_OK: Status = { code: 'OK', message: '' };

/** A call that did not end with OK. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly status: Status;

  constructor(status: Status, options: { readonly cause?: unknown } = {}) {
    super(`${status.code}: ${status.message}`, options);
    this.status = status;
  }
}

/** Lower-case keys, ASCII values; the first value where a key came twice. */
export type CallMetadata = ReadonlyMap<string, string>;

export interface CallOptions {
  readonly metadata?: CallMetadata;
  /** Ends the call with DEADLINE_EXCEEDED; every unary call has one, streams may live for ever. */
  readonly timeoutMs?: number;
  /** Ends the call with CANCELLED. */
  readonly signal?: AbortSignal;
}

/** What a stream tells its owner. No callback runs after `closed`. */
export interface StreamEvents {
  message(bytes: Uint8Array): void;
  /** `write` may be called again after it returned false. */
  drained(): void;
  /** The other side sends no more; it may still receive. */
  ended(): void;
  /** The stream is over, for any reason; runs exactly once. */
  closed(status: Status): void;
}

/** A message in pieces, which a transport takes straight into the buffer that it sends: one copy less of each byte. */
export interface ComposedMessage {
  readonly byteLength: number;
  /** Puts all bytes into `target` from `at` on. */
  copy(target: Uint8Array, at: number): void;
}

/** A composed message as one buffer of its own. */
export function composedBytes(message: ComposedMessage): Uint8Array {
  const bytes = new Uint8Array(message.byteLength);
  message.copy(bytes, 0);
  return bytes;
}

/** The writing half both sides of a stream share. */
export interface MessageSink {
  /** False: the buffer is full, write no more until `drained`. A write to a closed stream is ignored. */
  write(message: Uint8Array): boolean;
  /** Stops the arrival of messages, and so fills the sender's window; a few may still arrive. */
  pause(): void;
  resume(): void;
}

export interface ClientStream extends MessageSink {
  /** No more messages from here. */
  end(): void;
  /** Ends both directions now; `closed` follows with CANCELLED. */
  cancel(): void;
}

export interface ServerStream extends MessageSink {
  /** As `write`; `copy` is called at most once, and before this returns: what the pieces lie in may then be used again. */
  writeComposed(message: ComposedMessage): boolean;
  /** Ends the stream with this status after what was written. */
  close(status: Status): void;
}

/** A client's connection to one address; connects when first used and again after a break, with back-off. */
export interface Channel {
  /** Rejects with a StatusError. */
  unary(path: MethodPath, request: Uint8Array, options: CallOptions): Promise<Uint8Array>;
  /** Never throws: what fails arrives as `closed`. */
  stream(path: MethodPath, options: CallOptions, events: StreamEvents): ClientStream;
  /** Cancels what is under way. */
  close(): void;
}

/** Opens channels to `host:port`. */
export interface Connector {
  connect(address: string): Channel;
}

/** What a server knows of a call before decoding its message. */
export interface IncomingCall {
  readonly path: MethodPath;
  /** Name of the listener the call came in on: `client` or `internal`. */
  readonly listener: string;
  /** Address of the caller, for logs and limits: the same for as long as the call is known, also when the caller has gone. */
  readonly peer: string;
  readonly metadata: CallMetadata;
  /** Milliseconds left for the call when it arrived; undefined when the caller named no deadline. */
  readonly timeoutMs: number | undefined;
  /** Aborted when the caller cancelled, vanished, or the deadline passed. */
  readonly signal: AbortSignal;
}

export type CallHandler =
  | { readonly kind: 'unary'; call(request: Uint8Array, incoming: IncomingCall): Promise<Uint8Array> }
  | { readonly kind: 'stream'; open(stream: ServerStream, incoming: IncomingCall): StreamEvents };

/** The methods a server answers; anything else is UNIMPLEMENTED. A handler that throws a StatusError ends its call with it. */
export type CallHandlers = ReadonlyMap<MethodPath, CallHandler>;
