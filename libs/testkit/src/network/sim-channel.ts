import {
  type CallOptions,
  type Channel,
  type ClientStream,
  type MethodPath,
  type Scheduler,
  type Status,
  StatusError,
  type StreamEvents,
} from '@moldau/kernel';
import { CallEnd } from './call-end.ts';
import type { Connection } from './connection.ts';
import type { Packet } from './packet.ts';

export interface SimChannelOptions {
  readonly scheduler: Scheduler;
  readonly windowBytes: number;
  now(): number;
  /** Opens a connection; settles in an event of the client's process. */
  connect(settled: (outcome: Connection | Status) => void): void;
}

/** Waits after failed connection attempts; doubles between the two. */
const BACKOFF_MS_MIN = 50;
const BACKOFF_MS_MAX = 1000;

type ChannelState =
  | { readonly kind: 'idle'; readonly backoffMs: number }
  | { readonly kind: 'connecting'; readonly backoffMs: number; readonly waiting: ((outcome: Connection | Status) => void)[] }
  | { readonly kind: 'ready'; readonly connection: Connection }
  | { readonly kind: 'failed'; readonly status: Status; readonly retryAtMs: number; readonly backoffMs: number }
  | { readonly kind: 'closed' };

/** The client's side of the simulated network. As gRPC's, it connects when used, and fails calls at once while it backs off. */
export class SimChannel implements Channel {
  readonly #options: SimChannelOptions;
  readonly #calls = new Set<ClientCall>();
  #state: ChannelState = { kind: 'idle', backoffMs: BACKOFF_MS_MIN };

  constructor(options: SimChannelOptions) {
    this.#options = options;
  }

  unary(path: MethodPath, request: Uint8Array, options: CallOptions): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      let response: Uint8Array | undefined;
      const stream = this.stream(path, options, {
        message: (bytes) => {
          response = bytes;
        },
        drained: () => {},
        ended: () => {},
        closed: (status) => {
          if (status.code !== 'OK') reject(new StatusError(status));
          else if (response === undefined) reject(new StatusError({ code: 'INTERNAL', message: 'the answer has no message' }));
          else resolve(response);
        },
      });
      stream.write(request);
      stream.end();
    });
  }

  stream(path: MethodPath, options: CallOptions, events: StreamEvents): ClientStream {
    const call = new ClientCall(this.#options, options, events, () => this.#calls.delete(call));
    this.#calls.add(call);
    const open: Packet = { kind: 'open', path, metadata: new Map(options.metadata), timeoutMs: options.timeoutMs };
    this.#connected((outcome) => call.begin(outcome, open));
    return call;
  }

  close(): void {
    this.#state = { kind: 'closed' };
    for (const call of [...this.#calls]) call.cancel();
  }

  #connected(settled: (outcome: Connection | Status) => void): void {
    if (this.#state.kind === 'ready' && !this.#state.connection.open) this.#state = { kind: 'idle', backoffMs: BACKOFF_MS_MIN };
    if (this.#state.kind === 'failed' && this.#options.now() >= this.#state.retryAtMs)
      this.#state = { kind: 'idle', backoffMs: this.#state.backoffMs };
    const state = this.#state;
    switch (state.kind) {
      case 'idle':
        this.#state = { kind: 'connecting', backoffMs: state.backoffMs, waiting: [settled] };
        this.#options.connect((outcome) => this.#settle(outcome));
        return;
      case 'connecting':
        state.waiting.push(settled);
        return;
      case 'ready':
        settled(state.connection);
        return;
      case 'failed':
        settled(state.status);
        return;
      case 'closed':
        settled({ code: 'CANCELLED', message: 'the channel is closed' });
    }
  }

  #settle(outcome: Connection | Status): void {
    const state = this.#state;
    if (state.kind !== 'connecting') return;
    const { backoffMs, waiting } = state;
    if ('code' in outcome) {
      this.#state = {
        kind: 'failed',
        status: outcome,
        retryAtMs: this.#options.now() + backoffMs,
        backoffMs: Math.min(backoffMs * 2, BACKOFF_MS_MAX),
      };
    } else {
      this.#state = { kind: 'ready', connection: outcome };
    }
    for (const settled of waiting) settled(outcome);
  }
}

/** The client's end of a call; before the connection is there, what it sends waits. */
class ClientCall implements ClientStream {
  readonly #end: CallEnd;
  #early: Packet[] = [];
  #wire: { send(packet: Packet): void; detach(): void } | undefined;
  readonly #release: (() => void)[] = [];

  constructor(channel: SimChannelOptions, options: CallOptions, events: StreamEvents, over: () => void) {
    this.#end = new CallEnd({
      scheduler: channel.scheduler,
      windowBytes: channel.windowBytes,
      send: (packet) => this.#send(packet),
      released: () => {
        for (const release of this.#release) release();
        this.#wire?.detach();
        over();
      },
    });
    this.#end.attach(events);
    this.#watch(channel.scheduler, options);
  }

  begin(outcome: Connection | Status, open: Packet): void {
    if (this.#end.over) return;
    if ('code' in outcome) {
      this.#end.finish(outcome);
      return;
    }
    this.#wire = outcome.attach({
      receive: (packet) => this.#receive(packet),
      lost: (status) => this.#end.finish(status),
    });
    for (const packet of [open, ...this.#early]) this.#wire.send(packet);
    this.#early = [];
  }

  write(message: Uint8Array): boolean {
    return this.#end.write(message);
  }

  end(): void {
    if (!this.#end.over) this.#send({ kind: 'end' });
  }

  pause(): void {
    this.#end.pause();
  }

  resume(): void {
    this.#end.resume();
  }

  cancel(): void {
    this.#stop({ code: 'CANCELLED', message: 'the call was cancelled' });
  }

  #watch(scheduler: Scheduler, { timeoutMs, signal }: CallOptions): void {
    if (timeoutMs !== undefined) {
      const timer = scheduler.after(timeoutMs, () => this.#stop({ code: 'DEADLINE_EXCEEDED', message: 'the deadline passed' }));
      this.#release.push(() => timer.cancel());
    }
    if (signal === undefined) return;
    const abort = (): void => this.cancel();
    if (signal.aborted) scheduler.nextTurn(abort);
    signal.addEventListener('abort', abort);
    this.#release.push(() => signal.removeEventListener('abort', abort));
  }

  #stop(status: Status): void {
    if (this.#end.over) return;
    this.#wire?.send({ kind: 'cancel', status });
    this.#end.finish(status);
  }

  #send(packet: Packet): void {
    if (this.#wire === undefined) this.#early.push(packet);
    else this.#wire.send(packet);
  }

  #receive(packet: Packet): void {
    if (packet.kind === 'message') this.#end.receiveMessage(packet.bytes);
    else if (packet.kind === 'credit') this.#end.receiveCredit(packet.bytes);
    else if (packet.kind === 'status') this.#end.receiveStatus(packet.status);
  }
}
