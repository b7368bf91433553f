import {
  type CallHandler,
  type CallHandlers,
  type CallOptions,
  type ClientStream,
  type ComposedMessage,
  composedBytes,
  type IncomingCall,
  type Logger,
  type MethodPath,
  STATUS_OK,
  type Status,
  type StreamEvents,
} from '@moldau/kernel';
import { statusOfThrown } from '../grpc/grpc-status.ts';
import { CallHalf } from './call-half.ts';

export interface ServedHere {
  readonly listener: string;
  readonly handlers: CallHandlers;
  readonly calls: Set<InProcessCall>;
}

export interface InProcessCallOptions {
  readonly path: MethodPath;
  readonly options: CallOptions;
  readonly events: StreamEvents;
  readonly windowBytes: number;
  readonly logger: Logger;
  deliver(callback: () => void): void;
  /** The caller's half is over. */
  over(): void;
}

const CANCELLED: Status = { code: 'CANCELLED', message: 'the call was cancelled' };
const EXPIRED: Status = { code: 'DEADLINE_EXCEEDED', message: 'the deadline passed' };
const PEER = 'in-process';

/** A call from one service of the process to another: two halves and what ends them. */
export class InProcessCall {
  readonly client: ClientStream;
  readonly #options: InProcessCallOptions;
  readonly #calling: CallHalf;
  readonly #serving: CallHalf;
  #controller: AbortController | undefined;
  #aborted = false;
  #timer: NodeJS.Timeout | undefined;
  #server: ServedHere | undefined;

  constructor(options: InProcessCallOptions) {
    this.#options = options;
    const { windowBytes, deliver } = options;
    this.#calling = new CallHalf({ windowBytes, deliver });
    this.#serving = new CallHalf({ windowBytes, deliver, failed: (caught) => this.#fail(caught) });
    this.#calling.join(this.#serving);
    this.#calling.attach({ ...bound(options.events), closed: (status) => this.#closed(status) });
    this.client = {
      write: (message) => this.#calling.write(message),
      pause: () => this.#calling.pause(),
      resume: () => this.#calling.resume(),
      end: () => this.#calling.sendEnding({ kind: 'ended' }),
      cancel: () => this.#stop(CANCELLED),
    };
  }

  connect(server: ServedHere | undefined, address: string): void {
    if (server === undefined) {
      this.lose({ code: 'UNAVAILABLE', message: `nothing answers at ${address}`, unsent: true });
      return;
    }
    const { options } = this.#options;
    this.#server = server;
    server.calls.add(this);
    options.signal?.addEventListener('abort', this.#cancel);
    if (options.timeoutMs !== undefined) this.#timer = setTimeout(() => this.#stop(EXPIRED), options.timeoutMs);
    this.#options.deliver(() => this.#open(server));
  }

  /** The connection is gone, or never was: both halves end. */
  lose(status: Status): void {
    this.#calling.close(status);
    this.#abandon(CANCELLED);
  }

  #open(server: ServedHere): void {
    if (this.#serving.over) return;
    const handler = server.handlers.get(this.#options.path);
    if (handler === undefined) {
      this.#answer({ code: 'UNIMPLEMENTED', message: `the server does not have the method ${this.#options.path}` });
      return;
    }
    try {
      this.#serving.attach(this.#handle(handler, this.#incoming(server)));
    } catch (caught) {
      this.#fail(caught);
    }
  }

  #incoming(server: ServedHere): IncomingCall {
    const { path, options } = this.#options;
    const signal = (): AbortSignal => this.#signal();
    return {
      path,
      listener: server.listener,
      peer: PEER,
      metadata: options.metadata ?? new Map(),
      timeoutMs: options.timeoutMs,
      get signal() {
        return signal();
      },
    };
  }

  #handle(handler: CallHandler, incoming: IncomingCall): StreamEvents {
    const serving = this.#serving;
    if (handler.kind === 'unary') return this.#unaryEvents(handler, incoming);
    const stream = {
      write: (message: Uint8Array) => serving.write(message),
      writeComposed: (message: ComposedMessage) => serving.write(composedBytes(message)),
      pause: () => serving.pause(),
      resume: () => serving.resume(),
      close: (status: Status) => this.#answer(status),
    };
    return handler.open(stream, incoming);
  }

  #unaryEvents(handler: CallHandler & { readonly kind: 'unary' }, incoming: IncomingCall): StreamEvents {
    let request: Uint8Array | undefined;
    const ignore = (): void => {};
    return {
      message: (bytes) => {
        request = bytes;
      },
      drained: ignore,
      ended: () => {
        if (request === undefined) this.#answer({ code: 'UNIMPLEMENTED', message: 'a unary call has a request message' });
        else void this.#answerWith(handler.call(request, incoming));
      },
      closed: ignore,
    };
  }

  async #answerWith(response: Promise<Uint8Array>): Promise<void> {
    try {
      this.#serving.write(await response);
      this.#answer(STATUS_OK);
    } catch (caught) {
      this.#fail(caught);
    }
  }

  #fail(caught: unknown): void {
    const status = statusOfThrown(caught);
    if (status.code === 'INTERNAL') this.#options.logger.error('call handler failed', { path: this.#options.path, error: caught });
    this.#answer(status);
  }

  #answer(status: Status): void {
    if (this.#serving.over) return;
    this.#serving.sendEnding({ kind: 'closed', status });
    this.#serving.close(status);
  }

  #stop(status: Status): void {
    if (this.#calling.over) return;
    this.#calling.close(status);
    this.#options.deliver(() => this.#abandon(status));
  }

  #abandon(status: Status): void {
    if (this.#serving.over) return;
    this.#aborted = true;
    this.#controller?.abort();
    this.#serving.close(status);
  }

  #closed(status: Status): void {
    clearTimeout(this.#timer);
    this.#options.options.signal?.removeEventListener('abort', this.#cancel);
    this.#server?.calls.delete(this);
    this.#options.over();
    this.#options.events.closed(status);
  }

  #signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  readonly #cancel = (): void => this.#stop(CANCELLED);
}

function bound(events: StreamEvents): StreamEvents {
  return {
    message: (bytes) => events.message(bytes),
    drained: () => events.drained(),
    ended: () => events.ended(),
    closed: (status) => events.closed(status),
  };
}
