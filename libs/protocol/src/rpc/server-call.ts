import {
  type CallHandler,
  type ComposedMessage,
  type IncomingCall,
  type MoldauError,
  type ServerStream,
  STATUS_OK,
  type Status,
  type StreamEvents,
} from '@moldau/kernel';
import { errorToStatus, toStatusError } from '../error-status.ts';
import type { Method } from '../method.ts';
import { decodeMessage, encodeMessage } from './message.ts';

/** A handler of a unary method; what it throws becomes the call's status. */
export function unaryHandler<Request, Response>(
  method: Method<Request, Response>,
  handle: (request: Request, incoming: IncomingCall) => Promise<Response>,
): CallHandler {
  return encodedUnaryHandler(method, async (request, incoming) => encodeMessage(method.response, await handle(request, incoming)));
}

/** The same for a handler that encodes its response itself: the hot path. */
export function encodedUnaryHandler<Request, Response>(
  method: Method<Request, Response>,
  handle: (request: Request, incoming: IncomingCall) => Promise<Uint8Array>,
): CallHandler {
  return {
    kind: 'unary',
    async call(bytes, incoming): Promise<Uint8Array> {
      try {
        return await handle(decodeMessage(method.request, bytes), incoming);
      } catch (caught) {
        throw toStatusError(caught);
      }
    },
  };
}

/** The server's side of a stream. */
export interface ServerCall<Response> {
  /** False: hold further messages until `drained`. */
  send(message: Response): boolean;
  /** The same with a message that the hot path encodes straight into the transport's buffer, before this returns. */
  sendComposed(message: ComposedMessage): boolean;
  /** Ends the stream after what was sent: with OK, or with the error's status. */
  close(error?: MoldauError): void;
  pause(): void;
  resume(): void;
}

/** What a stream tells its server. Whatever a callback throws ends the stream with its status. */
export interface ServerStreamEvents<Request> {
  message(message: Request): void;
  drained?(): void;
  /** The client sends no more; the server may still send, and closes when it is done. */
  ended(): void;
  /** The stream is over, for any reason; runs exactly once and last. */
  closed(status: Status): void;
}

/** A handler of a method that streams in either or both directions. */
export function streamHandler<Request, Response>(
  method: Method<Request, Response>,
  open: (call: ServerCall<Response>, incoming: IncomingCall) => ServerStreamEvents<Request>,
): CallHandler {
  return {
    kind: 'stream',
    open(stream, incoming): StreamEvents {
      let events: ServerStreamEvents<Request>;
      try {
        events = open(serverCall(method, stream), incoming);
      } catch (caught) {
        throw toStatusError(caught);
      }
      return guard(stream, (bytes) => decodeMessage(method.request, bytes), events);
    },
  };
}

/** A handler of a server-streaming method: the one request starts it. */
export function serverStreamHandler<Request, Response>(
  method: Method<Request, Response>,
  open: (request: Request, call: ServerCall<Response>, incoming: IncomingCall) => Omit<ServerStreamEvents<Request>, 'message' | 'ended'>,
): CallHandler {
  return streamHandler(method, (call, incoming) => {
    let events: Omit<ServerStreamEvents<Request>, 'message' | 'ended'> | undefined;
    return {
      message(request): void {
        events ??= open(request, call, incoming);
      },
      drained: () => events?.drained?.(),
      ended: () => {},
      closed: (status) => events?.closed(status),
    };
  });
}

function serverCall<Request, Response>(method: Method<Request, Response>, stream: ServerStream): ServerCall<Response> {
  return {
    send: (message) => stream.write(encodeMessage(method.response, message)),
    sendComposed: (message) => stream.writeComposed(message),
    close: (error) => stream.close(error === undefined ? STATUS_OK : errorToStatus(error)),
    pause: () => stream.pause(),
    resume: () => stream.resume(),
  };
}

function guard<Request>(stream: ServerStream, decode: (bytes: Uint8Array) => Request, events: ServerStreamEvents<Request>): StreamEvents {
  let failed = false;
  const run = (callback: () => void): void => {
    if (failed) return;
    try {
      callback();
    } catch (caught) {
      failed = true;
      stream.close(toStatusError(caught).status);
    }
  };
  return {
    message: (bytes) => run(() => events.message(decode(bytes))),
    drained: () => run(() => events.drained?.()),
    ended: () => run(() => events.ended()),
    closed: (status) => events.closed(status),
  };
}
