import {
  type CallHandler,
  type CallHandlers,
  type Clock,
  DEFAULT_NAMESPACE,
  type IncomingCall,
  type Logger,
  type MethodPath,
  MoldauError,
  type Namespace,
  parseNamespace,
  type ServerStream,
  type Status,
  type StreamEvents,
} from '@moldau/kernel';
import { callError, errorToStatus, statusToError, toStatusError } from '@moldau/protocol';
import type { ConcurrencyLimit } from '../limits/concurrency-limit.ts';
import type { DeadlineWheel } from '../limits/deadline-wheel.ts';
import type { RegisteredMethod } from './registered-method.ts';
import { ANONYMOUS, type RequestContext } from './request-context.ts';
import type { MethodMetrics, RequestMetrics } from './request-metrics.ts';
import { parseTraceparent } from './traceparent.ts';

/** How long a unary call may take when the caller named no deadline. */
export const UNARY_TIMEOUT_MS_DEFAULT = 30_000;
/** Longest client id that is taken over into logs and contexts. */
const CLIENT_ID_LENGTH_MAX = 249;

export interface InterceptorDeps {
  readonly clock: Clock;
  readonly wheel: DeadlineWheel;
  readonly logger: Logger;
  readonly metrics: RequestMetrics;
  readonly requests: ConcurrencyLimit;
  readonly streams: ConcurrencyLimit;
  /** Namespaces that callers may use; undefined: any, for callers that have been through another broker's interceptor. */
  readonly namespaces: ReadonlySet<Namespace> | undefined;
  /** Why the broker takes no calls now, or undefined when it does. */
  readonly refusal: () => MoldauError | undefined;
}

/**
 * Stands in front of every handler of a listener: establishes who calls, in which namespace and until when, counts and
 * times the call, keeps the limits, and turns what a handler throws into the call's status. What is not registered here
 * is not served.
 */
export class Interceptor {
  readonly #deps: InterceptorDeps;

  constructor(deps: InterceptorDeps) {
    this.#deps = deps;
  }

  /** The handlers for a server to mount. */
  wrap(methods: readonly RegisteredMethod[]): CallHandlers {
    return new Map<MethodPath, CallHandler>(methods.map((method) => [method.path, this.#handler(method)]));
  }

  #handler(method: RegisteredMethod): CallHandler {
    const metrics = this.#deps.metrics.of(method.path);
    if (method.kind === 'unary') return { kind: 'unary', call: (bytes, incoming) => this.#call(method, metrics, bytes, incoming) };
    return { kind: 'stream', open: (stream, incoming) => this.#open(method, metrics, stream, incoming) };
  }

  async #call(
    method: RegisteredMethod & { kind: 'unary' },
    metrics: MethodMetrics,
    bytes: Uint8Array,
    incoming: IncomingCall,
  ): Promise<Uint8Array> {
    const { clock, requests } = this.#deps;
    const { peer } = incoming;
    const startedMs = clock.monotonicMs();
    metrics.started();
    let error: MoldauError | undefined;
    try {
      const context = this.#admit(incoming, startedMs, incoming.timeoutMs ?? UNARY_TIMEOUT_MS_DEFAULT);
      requests.enter(peer);
      return await this.#withDeadline(
        method.call(bytes, context).finally(() => requests.leave(peer)),
        context,
      );
    } catch (caught) {
      error = callError(caught);
      this.#report(incoming, caught);
      throw toStatusError(caught);
    } finally {
      metrics.ended(clock.monotonicMs() - startedMs, error?.reason);
    }
  }

  /** The handler's answer, or REQUEST_TIMED_OUT when it comes too late; the handler's own work then ends unheard. */
  #withDeadline(answer: Promise<Uint8Array>, context: RequestContext): Promise<Uint8Array> {
    const leftMs = (context.deadlineMs ?? 0) - this.#deps.clock.monotonicMs();
    return new Promise((resolve, reject) => {
      const deadline = this.#deps.wheel.after(Math.max(0, leftMs), () => reject(timedOut(context.path)));
      answer.then(resolve, reject).finally(() => deadline.cancel());
    });
  }

  #open(method: RegisteredMethod & { kind: 'stream' }, metrics: MethodMetrics, stream: ServerStream, incoming: IncomingCall): StreamEvents {
    const { clock, streams } = this.#deps;
    const { peer } = incoming;
    const startedMs = clock.monotonicMs();
    metrics.started();
    let admitted = false;
    let over = false;
    const finish = (status: Status): void => {
      if (over) return;
      over = true;
      if (admitted) streams.leave(peer);
      const error = status.code === 'OK' ? undefined : statusToError(status).reason;
      metrics.ended(clock.monotonicMs() - startedMs, error);
    };
    try {
      const context = this.#admit(incoming, startedMs, incoming.timeoutMs);
      streams.enter(peer);
      admitted = true;
      const events = method.open(stream, { incoming, context, onFault: (caught) => this.#report(incoming, caught) });
      return {
        message: (bytes) => events.message(bytes),
        drained: () => events.drained(),
        ended: () => events.ended(),
        closed: (status) => {
          finish(status);
          events.closed(status);
        },
      };
    } catch (caught) {
      this.#report(incoming, caught);
      const error = callError(caught);
      stream.close(errorToStatus(error));
      return { message: ignore, drained: ignore, ended: ignore, closed: () => finish(errorToStatus(error)) };
    }
  }

  #admit(incoming: IncomingCall, nowMs: number, timeoutMs: number | undefined): RequestContext {
    const refusal = this.#deps.refusal();
    if (refusal !== undefined) throw refusal;
    return {
      path: incoming.path,
      listener: incoming.listener,
      peer: incoming.peer,
      principal: ANONYMOUS,
      namespace: this.#namespace(incoming),
      clientId: (incoming.metadata.get('moldau-client-id') ?? '').slice(0, CLIENT_ID_LENGTH_MAX),
      trace: parseTraceparent(incoming.metadata.get('traceparent')),
      deadlineMs: timeoutMs === undefined ? undefined : nowMs + timeoutMs,
      signal: incoming.signal,
    };
  }

  #namespace(incoming: IncomingCall): Namespace {
    const named = incoming.metadata.get('moldau-namespace');
    if (named === undefined) return DEFAULT_NAMESPACE;
    const namespace = parseNamespace(named);
    const { namespaces } = this.#deps;
    if (namespaces === undefined || namespaces.has(namespace)) return namespace;
    const facts = { namespace, principal: ANONYMOUS.name };
    throw new MoldauError('PERMISSION_DENIED', `${ANONYMOUS.name} may not use the namespace '${namespace}'`, facts);
  }

  /** A bug's cause goes to the log, under the caller's trace; everything else is the caller's to know. */
  #report(incoming: IncomingCall, caught: unknown): void {
    const error = callError(caught);
    if (error.reason !== 'INTERNAL') return;
    const traceId = parseTraceparent(incoming.metadata.get('traceparent'))?.traceId;
    this.#deps.logger.error('a call failed by a bug', { method: incoming.path, traceId, peer: incoming.peer, error: error.cause ?? error });
  }
}

function timedOut(path: MethodPath): MoldauError {
  return new MoldauError('REQUEST_TIMED_OUT', `${path} was not answered before its deadline`, { method: path });
}

function ignore(): void {}
