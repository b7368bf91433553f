import type { CallHandlers, Scheduler, Status } from '@moldau/kernel';
import { Link, type LinkOptions } from './link.ts';
import type { Packet } from './packet.ts';
import { ServedCall } from './served-call.ts';

/** A process that listens. */
export interface Listening {
  readonly node: string;
  readonly listener: string;
  readonly handlers: CallHandlers;
  readonly scheduler: Scheduler;
  readonly windowBytes: number;
}

/** The client's end of a call, as its connection sees it. */
export interface ConnectedCall {
  receive(packet: Packet): void;
  /** The connection broke. */
  lost(status: Status): void;
}

export interface ConnectionOptions {
  readonly client: string;
  readonly server: Listening;
  readonly up: LinkOptions;
  readonly down: LinkOptions;
  /** Told of each packet. */
  sent(from: string, to: string, packet: Packet): void;
  closed(connection: Connection): void;
}

/** One connection with its calls. Each end learns of a break on its own. */
export class Connection {
  readonly client: string;
  readonly server: Listening;
  readonly #options: ConnectionOptions;
  readonly #up: Link;
  readonly #down: Link;
  readonly #clientCalls = new Map<number, ConnectedCall>();
  readonly #servedCalls = new Map<number, ServedCall>();
  #nextCall = 1;
  #open = true;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.client = options.client;
    this.server = options.server;
    this.#up = new Link(options.up);
    this.#down = new Link(options.down);
  }

  get open(): boolean {
    return this.#open;
  }

  /** Registers a call of the client; returns how it sends, and how it leaves. */
  attach(call: ConnectedCall): { send(packet: Packet): void; detach(): void } {
    const id = this.#nextCall++;
    this.#clientCalls.set(id, call);
    return {
      send: (packet) => {
        this.#options.sent(this.client, this.server.node, packet);
        this.#up.send(() => this.#serve(id, packet));
      },
      detach: () => void this.#clientCalls.delete(id),
    };
  }

  /** A partition between the two nodes has ended. */
  release(): void {
    this.#up.release();
    this.#down.release();
  }

  /** Both ends lose the connection, each after its delay; what was under way is gone. */
  break(reason: string, delaysMs: { readonly client: number; readonly server: number }): void {
    if (!this.#open) return;
    this.#open = false;
    this.#up.cut();
    this.#down.cut();
    this.#options.down.receiver.after(delaysMs.client, () => {
      for (const call of [...this.#clientCalls.values()]) call.lost({ code: 'UNAVAILABLE', message: reason });
      this.#clientCalls.clear();
    });
    this.#options.up.receiver.after(delaysMs.server, () => {
      for (const call of [...this.#servedCalls.values()]) call.abandon();
      this.#servedCalls.clear();
    });
    this.#options.closed(this);
  }

  #serve(id: number, packet: Packet): void {
    let call = this.#servedCalls.get(id);
    if (packet.kind === 'open') {
      call = new ServedCall({
        handlers: this.server.handlers,
        listener: this.server.listener,
        peer: this.client,
        scheduler: this.server.scheduler,
        windowBytes: this.server.windowBytes,
        send: (answer) => {
          this.#options.sent(this.server.node, this.client, answer);
          this.#down.send(() => this.#clientCalls.get(id)?.receive(answer));
        },
        released: () => void this.#servedCalls.delete(id),
      });
      this.#servedCalls.set(id, call);
    }
    call?.receive(packet);
  }
}
