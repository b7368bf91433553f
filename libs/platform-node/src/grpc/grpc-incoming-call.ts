import type { Metadata, ServerInterceptingCallInterface } from '@grpc/grpc-js';
import type { CallMetadata, IncomingCall, MethodPath } from '@moldau/kernel';

/** What a handler is told of its call. Metadata and signal are made when first asked for: unary calls are hot. */
export class GrpcIncomingCall implements IncomingCall {
  readonly path: MethodPath;
  readonly listener: string;
  readonly peer: string;
  readonly timeoutMs: number | undefined;
  readonly #grpcMetadata: Metadata;
  #metadata: CallMetadata | undefined;
  #controller: AbortController | undefined;
  #aborted = false;

  constructor(path: MethodPath, listener: string, call: ServerInterceptingCallInterface, metadata: Metadata) {
    this.path = path;
    this.listener = listener;
    // At once: grpc-js knows it no more when the caller has gone.
    this.peer = call.getPeer();
    this.#grpcMetadata = metadata;
    const deadlineMs = deadlineOf(call);
    this.timeoutMs = deadlineMs === Number.POSITIVE_INFINITY ? undefined : Math.max(0, deadlineMs - Date.now());
  }

  get metadata(): CallMetadata {
    this.#metadata ??= toCallMetadata(this.#grpcMetadata);
    return this.#metadata;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  abort(): void {
    this.#aborted = true;
    this.#controller?.abort();
  }
}

/** Milliseconds since the epoch; infinite when the caller named no deadline. */
export function deadlineOf(call: ServerInterceptingCallInterface): number {
  return Number(call.getDeadline());
}

function toCallMetadata(metadata: Metadata): CallMetadata {
  const result = new Map<string, string>();
  for (const [key, value] of Object.entries(metadata.getMap())) {
    if (typeof value === 'string') result.set(key, value);
  }
  return result;
}
