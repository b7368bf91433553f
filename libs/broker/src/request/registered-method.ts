import type { IncomingCall, MethodPath, ServerStream, StreamEvents } from '@moldau/kernel';
import {
  decodeMessage,
  encodeMessage,
  type Method,
  type ServerCall,
  type ServerStreamEvents,
  serverStreamHandler,
  streamHandler,
} from '@moldau/protocol';
import type { RequestContext } from './request-context.ts';

/** One call on its way to a handler. */
export interface CallFrame {
  readonly incoming: IncomingCall;
  readonly context: RequestContext;
  /** Told of what a handler's callback threw, before the caller is. */
  readonly onFault: (caught: unknown) => void;
}

/** A method with its handler, before the interceptor stands in front of it. */
export type RegisteredMethod =
  | { readonly kind: 'unary'; readonly path: MethodPath; call(request: Uint8Array, context: RequestContext): Promise<Uint8Array> }
  | { readonly kind: 'stream'; readonly path: MethodPath; open(stream: ServerStream, frame: CallFrame): StreamEvents };

export function unary<Request, Response>(
  method: Method<Request, Response>,
  handle: (request: Request, context: RequestContext) => Promise<Response>,
): RegisteredMethod {
  return encodedUnary(method, async (request, context) => encodeMessage(method.response, await handle(request, context)));
}

/** As `unary`, for a handler that encodes its response itself. */
export function encodedUnary<Request, Response>(
  method: Method<Request, Response>,
  handle: (request: Request, context: RequestContext) => Promise<Uint8Array>,
): RegisteredMethod {
  return { kind: 'unary', path: method.path, call: async (bytes, context) => handle(decodeMessage(method.request, bytes), context) };
}

/** A handler that sees the request's bytes as they came: to pass them on. */
export function rawUnary<Request, Response>(
  method: Method<Request, Response>,
  handle: (request: Uint8Array, context: RequestContext) => Promise<Uint8Array>,
): RegisteredMethod {
  return { kind: 'unary', path: method.path, call: handle };
}

export function bidirectional<Request, Response>(
  method: Method<Request, Response>,
  open: (call: ServerCall<Response>, context: RequestContext) => ServerStreamEvents<Request>,
): RegisteredMethod {
  return {
    kind: 'stream',
    path: method.path,
    open(stream, { incoming, context, onFault }): StreamEvents {
      const handler = streamHandler(method, (call) => reporting(open(call, context), onFault));
      return openOf(handler)(stream, incoming);
    },
  };
}

/** What a server-streaming handler reacts to, once it has its request. */
export type ServerStreamingEvents<Request> = Omit<ServerStreamEvents<Request>, 'message' | 'ended'>;

export function serverStreaming<Request, Response>(
  method: Method<Request, Response>,
  open: (request: Request, call: ServerCall<Response>, context: RequestContext) => ServerStreamingEvents<Request>,
): RegisteredMethod {
  return {
    kind: 'stream',
    path: method.path,
    open(stream, { incoming, context, onFault }): StreamEvents {
      const handler = serverStreamHandler(method, (request, call: ServerCall<Response>) => {
        const opened = runReporting(() => open(request, call, context), onFault);
        return { drained: () => runReporting(() => opened.drained?.(), onFault), closed: (status) => opened.closed(status) };
      });
      return openOf(handler)(stream, incoming);
    },
  };
}

type OpenStream = (stream: ServerStream, incoming: IncomingCall) => StreamEvents;

function openOf(handler: ReturnType<typeof streamHandler>): OpenStream {
  if (handler.kind === 'unary') throw new TypeError('a streaming method has a streaming handler');
  return (stream, incoming) => handler.open(stream, incoming);
}

function reporting<Request>(events: ServerStreamEvents<Request>, onFault: (caught: unknown) => void): ServerStreamEvents<Request> {
  return {
    message: (message) => runReporting(() => events.message(message), onFault),
    drained: () => runReporting(() => events.drained?.(), onFault),
    ended: () => runReporting(() => events.ended(), onFault),
    closed: (status) => events.closed(status),
  };
}

function runReporting<Result>(callback: () => Result, onFault: (caught: unknown) => void): Result {
  try {
    return callback();
  } catch (caught) {
    onFault(caught);
    throw caught;
  }
}
