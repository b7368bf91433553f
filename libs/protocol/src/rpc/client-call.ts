import type { CallOptions, Channel, MoldauError, Status } from '@moldau/kernel';
import { callError, statusToError } from '../error-status.ts';
import type { Method } from '../method.ts';
import { decodeMessage, encodeMessage } from './message.ts';

/** Calls a unary method. Rejects with a MoldauError. */
export async function callUnary<Request, Response>(
  channel: Channel,
  method: Method<Request, Response>,
  request: Request,
  options: CallOptions & { readonly timeoutMs: number },
): Promise<Response> {
  try {
    return decodeMessage(method.response, await channel.unary(method.path, encodeMessage(method.request, request), options));
  } catch (caught) {
    throw callError(caught);
  }
}

/** What a stream tells its client. `closed` runs exactly once and last; its error is undefined when the server ended it with OK. */
export interface ClientStreamEvents<Response> {
  message(message: Response): void;
  drained?(): void;
  closed(error: MoldauError | undefined): void;
}

export interface ClientCall<Request> {
  /** False: hold further messages until `drained`. */
  send(message: Request): boolean;
  /** The same with a message encoded by the hot path. */
  sendEncoded(bytes: Uint8Array): boolean;
  /** No more messages from here; the server may still send. */
  end(): void;
  cancel(): void;
  pause(): void;
  resume(): void;
}

/** Opens a stream. Never throws: what fails arrives as `closed`. A message that can't be decoded cancels the stream. */
export function openStream<Request, Response>(
  channel: Channel,
  method: Method<Request, Response>,
  options: CallOptions,
  events: ClientStreamEvents<Response>,
): ClientCall<Request> {
  let failure: MoldauError | undefined;
  const stream = channel.stream(method.path, options, {
    message(bytes: Uint8Array): void {
      if (failure !== undefined) return;
      let message: Response;
      try {
        message = decodeMessage(method.response, bytes);
      } catch (caught) {
        failure = callError(caught);
        stream.cancel();
        return;
      }
      events.message(message);
    },
    drained: () => events.drained?.(),
    ended: () => {},
    closed(status: Status): void {
      events.closed(failure ?? (status.code === 'OK' ? undefined : statusToError(status)));
    },
  });
  return {
    send: (message) => stream.write(encodeMessage(method.request, message)),
    sendEncoded: (bytes) => stream.write(bytes),
    end: () => stream.end(),
    cancel: () => stream.cancel(),
    pause: () => stream.pause(),
    resume: () => stream.resume(),
  };
}
