import {
  assert,
  type CallHandler,
  type CallOptions,
  type Channel,
  type ClientStream,
  type IncomingCall,
  type MethodPath,
  type ServerStream,
  type Status,
  StatusError,
  type StreamEvents,
} from '@moldau/kernel';
import type { TransportUnderTest } from './transport-under-test.ts';

/** The method that contract cases serve and call. */
export const PATH: MethodPath = '/moldau.test.Service/Method';
/** Longer than any case takes. */
export const TIMEOUT_MS = 10_000;
export const encode = (value: string): Uint8Array => new TextEncoder().encode(value);
export const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Asserts that two values look the same as JSON. */
export function same(actual: unknown, expected: unknown): void {
  assert(JSON.stringify(actual) === JSON.stringify(expected), 'the value is as the contract says', { actual, expected });
}

/** Collects what a stream tells; every list may be awaited. */
export class Collector implements StreamEvents {
  readonly messages: Uint8Array[] = [];
  readonly ends: string[] = [];
  drains = 0;
  readonly closed_: Promise<Status>;
  readonly ended_: Promise<void>;
  readonly drained_: Promise<void>;
  #close!: (status: Status) => void;
  #end!: () => void;
  #drain!: () => void;
  onMessage: (bytes: Uint8Array) => void = () => {};
  onEnded: () => void = () => {};

  constructor() {
    this.closed_ = new Promise((resolve) => {
      this.#close = resolve;
    });
    this.ended_ = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.drained_ = new Promise((resolve) => {
      this.#drain = resolve;
    });
  }

  message(bytes: Uint8Array): void {
    this.#checkOpen();
    this.messages.push(bytes);
    this.onMessage(bytes);
  }

  drained(): void {
    this.#checkOpen();
    this.drains++;
    this.#drain();
  }

  ended(): void {
    this.#checkOpen();
    this.ends.push('ended');
    this.#end();
    this.onEnded();
  }

  closed(status: Status): void {
    this.#checkOpen();
    this.ends.push('closed');
    this.#close(status);
  }

  #checkOpen(): void {
    assert(!this.ends.includes('closed'), 'no callback runs after closed');
  }
}

/** Serves one handler for as long as `body` runs. */
export async function withServer(
  transport: TransportUnderTest,
  handler: CallHandler,
  body: (channel: Channel) => Promise<void>,
): Promise<void> {
  const server = await transport.serve(new Map([[PATH, handler]]));
  const channel = transport.connector.connect(server.address);
  try {
    await body(channel);
  } finally {
    channel.close();
    await server.close();
  }
}

/** The status that a call rejects with. */
export async function failure(promise: Promise<unknown>): Promise<Status> {
  const outcome: unknown = await promise.then(
    () => 'resolved',
    (error: unknown) => error,
  );
  assert(outcome instanceof StatusError, 'the call rejects with a StatusError', { outcome: String(outcome) });
  return outcome.status;
}

/** A handler of a unary method. */
export function unary(call: (request: Uint8Array, incoming: IncomingCall) => Promise<Uint8Array>): CallHandler {
  return { kind: 'unary', call };
}

/** A handler of a stream whose events a collector takes. */
export function stream(open: (stream: ServerStream, events: Collector, incoming: IncomingCall) => void): CallHandler {
  return {
    kind: 'stream',
    open: (server, incoming) => {
      const events = new Collector();
      open(server, events, incoming);
      return events;
    },
  };
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
}

/** Opens a stream whose events a collector takes. */
export function openStream(channel: Channel, options: CallOptions = {}): { call: ClientStream; events: Collector } {
  const events = new Collector();
  return { call: channel.stream(PATH, options, events), events };
}
