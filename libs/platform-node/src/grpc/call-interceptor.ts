import { type Server, ServerInterceptingCall, type ServerInterceptingCallInterface, type ServerInterceptor } from '@grpc/grpc-js';
import type { CallHandlers, Logger, MethodPath } from '@moldau/kernel';
import { ServedStream } from './served-stream.ts';
import { type ServedCallContext, ServedUnary } from './served-unary.ts';

export interface CallInterceptorOptions {
  readonly handlers: CallHandlers;
  readonly listener: string;
  readonly logger: Logger;
  readonly defaultTimeoutMs: number;
  readonly writeBufferBytes: number;
}

type CallListener = Parameters<ServerInterceptingCallInterface['start']>[0];

/** A call that goes to our listener instead of the one that grpc-js makes for a registered handler. */
class DivertedCall extends ServerInterceptingCall {
  readonly #next: ServerInterceptingCallInterface;
  readonly #listener: CallListener;

  constructor(next: ServerInterceptingCallInterface, listener: CallListener) {
    super(next);
    this.#next = next;
    this.#listener = listener;
  }

  override start(): void {
    this.#next.start(this.#listener);
  }
}

/**
 * Takes the calls of our methods below grpc-js's object streams: messages stay bytes, reads are asked for one by one, and
 * every write reports when the connection has taken it. That makes back-pressure count bytes and a small call cheap.
 */
export function createCallInterceptor(options: CallInterceptorOptions): ServerInterceptor {
  const { handlers, ...rest } = options;
  const contexts = new Map<string, ServedCallContext>();
  for (const path of handlers.keys()) contexts.set(path, { path, ...rest });
  return (method, next) => {
    const handler = handlers.get(method.path as MethodPath);
    const context = contexts.get(method.path);
    // Health and reflection, which are registered the ordinary way.
    if (handler === undefined || context === undefined) return new ServerInterceptingCall(next);
    return new DivertedCall(
      next,
      handler.kind === 'unary' ? new ServedUnary(next, handler, context) : new ServedStream(next, handler, context),
    );
  };
}

const identity = (bytes: Buffer): Buffer => bytes;
const diverted = (): void => {};

/** Makes grpc-js know the paths; without it answers UNIMPLEMENTED. */
export function registerPaths(server: Server, handlers: CallHandlers): void {
  for (const path of handlers.keys()) server.register(path, diverted, identity, identity, 'bidi');
}
