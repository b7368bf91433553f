import { assert, type CallHandler, type CallHandlers, type MethodPath, MoldauError, StatusError } from '@moldau/kernel';
import { errorToStatus, type Method } from '@moldau/protocol';

/** The methods of some services, as the protocol lists them. */
export type ServiceMethods = Readonly<Record<string, Pick<Method<never, never>, 'path' | 'requestStream' | 'responseStream'>>>;

/** Handlers for a listener that is bound before those who answer are made: they need to know its port. */
export interface LateHandlers {
  readonly handlers: CallHandlers;
  /** From now on these answer; called once. */
  fill(real: CallHandlers): void;
}

/** Until `fill`, every call fails with COORDINATOR_NOT_AVAILABLE, which is retriable; after it a method that nobody handles is UNKNOWN_METHOD. */
export function createLateHandlers(services: readonly ServiceMethods[]): LateHandlers {
  let target: CallHandlers | undefined;
  const find = (path: MethodPath): CallHandler => {
    const handler = target?.get(path);
    if (handler !== undefined) return handler;
    throw new StatusError(
      errorToStatus(
        target === undefined
          ? new MoldauError('COORDINATOR_NOT_AVAILABLE', 'the coordinator is starting', {})
          : new MoldauError('UNKNOWN_METHOD', `there is no ${path} here`, { method: path }),
      ),
    );
  };
  const methods = services.flatMap((service) => Object.values(service));
  return {
    handlers: new Map(methods.map((method): [MethodPath, CallHandler] => [method.path, delegate(method, find)])),
    fill(real): void {
      assert(target === undefined, 'the handlers of a listener are filled once', {});
      target = real;
    },
  };
}

function delegate(method: ServiceMethods[string], find: (path: MethodPath) => CallHandler): CallHandler {
  const { path } = method;
  if (method.requestStream || method.responseStream) {
    return {
      kind: 'stream',
      open(stream, incoming) {
        const handler = find(path);
        assert(handler.kind === 'stream', 'the method is a stream', { path });
        return handler.open(stream, incoming);
      },
    };
  }
  return {
    kind: 'unary',
    async call(request, incoming) {
      const handler = find(path);
      assert(handler.kind === 'unary', 'the method is unary', { path });
      return handler.call(request, incoming);
    },
  };
}
