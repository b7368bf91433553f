import type { CallHandler, CallHandlers, Channel, Connector, StreamEvents } from '@moldau/kernel';
import { decodeMessage, encodeMessage, type Method } from '@moldau/protocol';

/** Changes the messages of one method on their way. */
export interface Rewriting<Request, Response> {
  readonly method: Method<Request, Response>;
  /** Default: as it is. */
  readonly request?: (request: Request) => Request;
  /** The same for each stream that a server is asked to open. */
  readonly streamOf?: () => (request: Request) => Request;
  /** Default: as it is. On a server only of unary methods. */
  readonly response?: (response: Response) => Response;
}

/** How bytes are changed on their way. */
interface Ways {
  readonly asked: (bytes: Uint8Array) => Uint8Array;
  readonly answered: (bytes: Uint8Array) => Uint8Array;
}

function waysOf<Request, Response>({ method, request, response }: Rewriting<Request, Response>): Ways {
  return {
    asked: (bytes) => (request === undefined ? bytes : encodeMessage(method.request, request(decodeMessage(method.request, bytes)))),
    answered: (bytes) => (response === undefined ? bytes : encodeMessage(method.response, response(decodeMessage(method.response, bytes)))),
  };
}

/** The calls that a node makes. */
export function rewriteCalls<Request, Response>(connector: Connector, rewriting: Rewriting<Request, Response>): Connector {
  return { connect: (address) => rewriteChannel(connector.connect(address), rewriting.method.path, waysOf(rewriting)) };
}

/** The calls that a node answers. */
export function rewriteAnswers<Request, Response>(handlers: CallHandlers, rewriting: Rewriting<Request, Response>): CallHandlers {
  const { path } = rewriting.method;
  const handler = handlers.get(path);
  const { streamOf, ...others } = rewriting;
  const ways = (): Ways => waysOf(streamOf === undefined ? others : { ...others, request: streamOf() });
  return handler === undefined ? handlers : new Map([...handlers, [path, rewriteHandler(handler, ways)]]);
}

function rewriteChannel(channel: Channel, rewritten: string, { asked, answered }: Ways): Channel {
  return {
    unary: async (path, request, options) => {
      if (path !== rewritten) return channel.unary(path, request, options);
      return answered(await channel.unary(path, asked(request), options));
    },
    stream(path, options, events) {
      if (path !== rewritten) return channel.stream(path, options, events);
      const stream = channel.stream(path, options, rewriteMessages(events, answered));
      return {
        write: (message) => stream.write(asked(message)),
        end: () => stream.end(),
        cancel: () => stream.cancel(),
        pause: () => stream.pause(),
        resume: () => stream.resume(),
      };
    },
    close: () => channel.close(),
  };
}

function rewriteHandler(handler: CallHandler, ways: () => Ways): CallHandler {
  if (handler.kind === 'stream')
    return { kind: 'stream', open: (stream, incoming) => rewriteMessages(handler.open(stream, incoming), ways().asked) };
  const { asked, answered } = ways();
  return { kind: 'unary', call: async (request, incoming) => answered(await handler.call(asked(request), incoming)) };
}

function rewriteMessages(events: StreamEvents, way: (bytes: Uint8Array) => Uint8Array): StreamEvents {
  return {
    message: (bytes) => events.message(way(bytes)),
    drained: () => events.drained(),
    ended: () => events.ended(),
    closed: (status) => events.closed(status),
  };
}
