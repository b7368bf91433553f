import {
  assert,
  type CallHandlers,
  type CallOptions,
  type Channel,
  type Connector,
  type Logger,
  type MethodPath,
  StatusError,
  silentLogger,
} from '@moldau/kernel';
import { InProcessCall, type ServedHere } from './in-process-call.ts';

/** Services of one process that call each other as if over a network. */
export interface InProcessNetwork {
  readonly connector: Connector;
  /** Answers calls to this address, any name; the listener's name is what handlers see. */
  serve(address: string, listener: string, handlers: CallHandlers): InProcessServer;
}

export interface InProcessServer {
  readonly address: string;
  /** Breaks the calls under way; callers get UNAVAILABLE, from now on. */
  close(): void;
}

export interface InProcessOptions {
  /** Bytes written and unread, per call and direction, from which `write` returns false; default 1 MiB. */
  readonly windowBytes?: number;
  /** Hears of handlers that fail unexpectedly. */
  readonly logger?: Logger;
}

const WINDOW_BYTES = 1024 * 1024;

/**
 * The transport port without a network: messages arrive in a later turn of the event loop, in order, with the same
 * statuses, deadlines and back-pressure as gRPC's. Bytes are handed over, not copied.
 */
export function createInProcessNetwork(options: InProcessOptions = {}): InProcessNetwork {
  const servers = new Map<string, ServedHere>();
  const windowBytes = options.windowBytes ?? WINDOW_BYTES;
  const logger = options.logger ?? silentLogger;
  const deliver = createDelivery();
  return {
    connector: { connect: (address) => createChannel(() => servers.get(address), address, { windowBytes, deliver, logger }) },
    serve(address, listener, handlers) {
      assert(!servers.has(address), 'one server answers at an address', { address });
      const server: ServedHere = { listener, handlers, calls: new Set() };
      servers.set(address, server);
      return {
        address,
        close() {
          if (servers.get(address) === server) servers.delete(address);
          for (const call of [...server.calls]) call.lose({ code: 'UNAVAILABLE', message: 'the server has stopped' });
        },
      };
    },
  };
}

/** All deliveries of a turn share one immediate and keep their order. */
function createDelivery(): (callback: () => void) => void {
  let waiting: (() => void)[] = [];
  const run = (): void => {
    const callbacks = waiting;
    waiting = [];
    for (const callback of callbacks) callback();
  };
  return (callback) => {
    if (waiting.push(callback) === 1) setImmediate(run);
  };
}

interface ChannelParts {
  readonly logger: Logger;
  readonly windowBytes: number;
  deliver(callback: () => void): void;
}

function createChannel(find: () => ServedHere | undefined, address: string, parts: ChannelParts): Channel {
  const calls = new Set<InProcessCall>();
  let closed = false;
  const channel: Channel = {
    unary: (path, request, options) => callUnary(channel, path, request, options),
    stream(path, options, events) {
      const call = new InProcessCall({ ...parts, path, events, options, over: () => calls.delete(call) });
      calls.add(call);
      if (closed) call.lose({ code: 'CANCELLED', message: 'the channel is closed' });
      else if (options.signal?.aborted === true) call.lose({ code: 'CANCELLED', message: 'the call was cancelled before it began' });
      else call.connect(find(), address);
      return call.client;
    },
    close() {
      closed = true;
      for (const call of [...calls]) call.client.cancel();
    },
  };
  return channel;
}

function callUnary(channel: Channel, path: MethodPath, request: Uint8Array, options: CallOptions): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    let response: Uint8Array | undefined;
    const ignore = (): void => {};
    const stream = channel.stream(path, options, {
      message: (bytes) => {
        response = bytes;
      },
      drained: ignore,
      ended: ignore,
      closed: (status) => {
        if (status.code !== 'OK') reject(new StatusError(status));
        else if (response === undefined) reject(new StatusError({ code: 'INTERNAL', message: 'the answer has no message' }));
        else resolve(response);
      },
    });
    stream.write(request);
    stream.end();
  });
}
