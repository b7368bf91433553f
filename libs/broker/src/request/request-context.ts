import type { MethodPath, Namespace } from '@moldau/kernel';

/** Who calls. Authentication comes later; until then everybody is anonymous. */
export interface Principal {
  /** Kind and name, for example `User:anonymous`. */
  readonly name: string;
}

export const ANONYMOUS: Principal = { name: 'User:anonymous' };

/** A position in a distributed trace (W3C Trace Context). */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits: the caller's span. */
  readonly parentId: string;
  readonly sampled: boolean;
  /** The header as it came, to pass on. */
  readonly traceparent: string;
}

/** What every handler knows of the call it serves. Made in one place, by the interceptor. */
export interface RequestContext {
  readonly path: MethodPath;
  /** Listener the call came in on; answers name endpoints of the same one. */
  readonly listener: string;
  /** Address of the caller. */
  readonly peer: string;
  readonly principal: Principal;
  readonly namespace: Namespace;
  /** What the client calls itself; empty when it does not. */
  readonly clientId: string;
  readonly trace: TraceContext | undefined;
  /** Monotonic time by which the call must be answered; undefined for streams without a deadline. */
  readonly deadlineMs: number | undefined;
  /** Aborted when the caller cancelled or vanished. */
  readonly signal: AbortSignal;
}
