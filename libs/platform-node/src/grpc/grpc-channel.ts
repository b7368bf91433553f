import { type ChannelInterface, Metadata } from '@grpc/grpc-js';
import {
  type CallMetadata,
  type CallOptions,
  type Channel,
  type ClientStream,
  type MethodPath,
  type Status,
  StatusError,
  type StreamEvents,
} from '@moldau/kernel';
import { CalledStream } from './called-stream.ts';
import { CalledUnary } from './called-unary.ts';
import type { GrpcCall, OpenCall } from './grpc-call.ts';

const NO_METADATA = new Metadata();
const CHANNEL_CLOSED: Status = { code: 'CANCELLED', message: 'the channel is closed' };

/** The port's channel on a channel of grpc-js, below its clients and object streams: messages stay bytes. */
export class GrpcChannel implements Channel {
  readonly #channel: ChannelInterface;
  readonly #address: string;
  readonly #writeBufferBytes: number;
  readonly #calls = new Set<OpenCall>();
  #closed = false;

  constructor(channel: ChannelInterface, address: string, writeBufferBytes: number) {
    this.#channel = channel;
    this.#address = address;
    this.#writeBufferBytes = writeBufferBytes;
  }

  unary(path: MethodPath, request: Uint8Array, options: CallOptions): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const prepared = this.#prepare(path, options);
      if ('code' in prepared) {
        reject(new StatusError(prepared));
        return;
      }
      const call = new CalledUnary(prepared.call, this.#address, options.signal, (response, status) => {
        this.#calls.delete(call);
        if (response === undefined) reject(new StatusError(status));
        else resolve(response);
      });
      this.#calls.add(call);
      call.start(prepared.metadata, request);
    });
  }

  stream(path: MethodPath, options: CallOptions, events: StreamEvents): ClientStream {
    const prepared = this.#prepare(path, options);
    if ('code' in prepared) return closedStream(prepared, events);
    const call = new CalledStream(prepared.call, events, {
      address: this.#address,
      signal: options.signal,
      writeBufferBytes: this.#writeBufferBytes,
      released: () => this.#calls.delete(call),
    });
    this.#calls.add(call);
    call.start(prepared.metadata);
    return call;
  }

  close(): void {
    this.#closed = true;
    for (const call of [...this.#calls]) call.cancel();
    this.#channel.close();
  }

  #prepare(path: MethodPath, options: CallOptions): { readonly call: GrpcCall; readonly metadata: Metadata } | Status {
    if (this.#closed) return CHANNEL_CLOSED;
    if (options.signal?.aborted === true) return { code: 'CANCELLED', message: 'the call was cancelled before it began' };
    try {
      const metadata = options.metadata === undefined ? NO_METADATA : toGrpcMetadata(options.metadata);
      const deadline = options.timeoutMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + options.timeoutMs;
      return { call: this.#channel.createCall(path, deadline, null, null, undefined), metadata };
    } catch (caught) {
      return { code: 'INVALID_ARGUMENT', message: caught instanceof Error ? caught.message : String(caught) };
    }
  }
}

/** Throws on keys and values that HTTP/2 does not carry. */
function toGrpcMetadata(metadata: CallMetadata): Metadata {
  const result = new Metadata();
  for (const [key, value] of metadata) result.set(key, value);
  return result;
}

function closedStream(status: Status, events: StreamEvents): ClientStream {
  process.nextTick(() => events.closed(status));
  const ignore = (): void => {};
  return { write: () => false, pause: ignore, resume: ignore, end: ignore, cancel: ignore };
}
