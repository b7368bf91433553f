import { assert, type CallHandlers, type Connector, type Random, type Scheduler, type Status } from '@moldau/kernel';
import type { SimScheduler } from '../time/sim-scheduler.ts';
import { Connection, type Listening } from './connection.ts';
import type { LinkOptions } from './link.ts';
import type { Packet } from './packet.ts';
import { SimChannel } from './sim-channel.ts';

export interface SimNetworkOptions {
  readonly scheduler: SimScheduler;
  /** One-way delay of a packet in milliseconds; default 1. */
  readonly latencyMs?: (from: string, to: string) => number;
  /** Added to it: a random share of this; default 0. Needs `random`. */
  readonly jitterMs?: number;
  readonly random?: Random;
  /** Unread bytes per call and direction from which `write` returns false; default 64 KiB, HTTP/2's own. */
  readonly windowBytes?: number;
  /** How long a partition lasts before both ends give up a connection through it; default 20 s. */
  readonly keepaliveMs?: number;
  /** How long a connection attempt into a partition takes to fail; default 1 s. */
  readonly connectTimeoutMs?: number;
  /** Told of each packet when it is sent; it may look and not touch. */
  readonly onPacket?: (from: string, to: string, packet: Packet) => void;
}

/** A process that may call others, and serve. */
export interface SimNetworkNode {
  readonly connector: Connector;
  /** Answers calls to `<name>:<port>`. */
  serve(port: number, listener: string, handlers: CallHandlers): SimServer;
}

export interface SimServer {
  readonly address: string;
  /** Refuses connections from now on, and breaks those there are. */
  close(): void;
}

const WINDOW_BYTES = 64 * 1024;
const KEEPALIVE_MS = 20_000;
const CONNECT_TIMEOUT_MS = 1000;

/** Nodes by name, their connections, and what lies between them. Addresses are `<name>:<port>`. */
export class SimNetwork {
  readonly #options: SimNetworkOptions;
  readonly #servers = new Map<string, Listening>();
  readonly #connections = new Set<Connection>();
  /** Directions that are cut, `from>to`, each with a mark of when it was. */
  readonly #cut = new Map<string, symbol>();
  #latencyMs: (from: string, to: string) => number;

  constructor(options: SimNetworkOptions) {
    this.#options = options;
    this.#latencyMs = options.latencyMs ?? (() => 1);
  }

  /** A life of the node of this name; `scheduler` is its process's. */
  node(name: string, scheduler: Scheduler): SimNetworkNode {
    return {
      connector: { connect: (address) => this.#channel(name, scheduler, address) },
      serve: (port, listener, handlers) =>
        this.#serve({ node: name, listener, handlers, scheduler, windowBytes: this.#windowBytes }, `${name}:${port}`),
    };
  }

  /** Changes the one-way delay of packets sent from now on. */
  setLatency(latencyMs: (from: string, to: string) => number): void {
    this.#latencyMs = latencyMs;
  }

  /** Nothing sent by `from` reaches `to` any more; the other direction works. Packets wait, as TCP retransmits. */
  partitionOneWay(from: string, to: string): void {
    const mark = Symbol();
    this.#cut.set(`${from}>${to}`, mark);
    this.#options.scheduler.after(this.#options.keepaliveMs ?? KEEPALIVE_MS, () => {
      if (this.#cut.get(`${from}>${to}`) !== mark) return;
      for (const connection of this.#between(from, to)) connection.break('the connection timed out', { client: 0, server: 0 });
    });
  }

  /** Nothing passes between a node of one group and a node of the other. */
  partition(group: readonly string[], others: readonly string[]): void {
    for (const one of group) {
      for (const other of others) {
        this.partitionOneWay(one, other);
        this.partitionOneWay(other, one);
      }
    }
  }

  /** Ends all partitions, or those between two nodes. */
  heal(one?: string, other?: string): void {
    if (one === undefined || other === undefined) this.#cut.clear();
    else for (const direction of [`${one}>${other}`, `${other}>${one}`]) this.#cut.delete(direction);
    for (const connection of this.#connections) connection.release();
  }

  /** Ends a partition in one direction. */
  healOneWay(from: string, to: string): void {
    this.#cut.delete(`${from}>${to}`);
    for (const connection of this.#connections) connection.release();
  }

  /** Breaks the connections between two nodes; new ones may be made at once. */
  reset(one: string, other: string): void {
    for (const connection of this.#between(one, other)) {
      connection.break('the connection was reset', { client: this.#delay(other, one), server: this.#delay(one, other) });
    }
  }

  /** The node's process has ended: its listeners and connections are gone, and its peers hear of it. */
  kill(name: string): void {
    for (const [address, server] of this.#servers) if (server.node === name) this.#servers.delete(address);
    for (const connection of [...this.#connections]) {
      const { client, server } = connection;
      if (client !== name && server.node !== name) continue;
      connection.break('the connection was reset', { client: this.#delay(server.node, client), server: this.#delay(client, server.node) });
    }
  }

  get #windowBytes(): number {
    return this.#options.windowBytes ?? WINDOW_BYTES;
  }

  #serve(server: Listening, address: string): SimServer {
    assert(!this.#servers.has(address), 'one server listens on an address', { address });
    this.#servers.set(address, server);
    return {
      address,
      close: () => {
        if (this.#servers.get(address) === server) this.#servers.delete(address);
        for (const connection of [...this.#connections]) {
          if (connection.server === server)
            connection.break('the server has closed the connection', { client: this.#delay(server.node, connection.client), server: 0 });
        }
      },
    };
  }

  #channel(client: string, scheduler: Scheduler, address: string): SimChannel {
    return new SimChannel({
      scheduler,
      windowBytes: this.#windowBytes,
      now: () => this.#options.scheduler.nowMs,
      connect: (settled) => this.#connect(client, scheduler, address, settled),
    });
  }

  /** A handshake there and back; a partition on either way makes it time out. */
  #connect(client: string, scheduler: Scheduler, address: string, settled: (outcome: Connection | Status) => void): void {
    const node = address.slice(0, address.lastIndexOf(':'));
    const roundTripMs = this.#delay(client, node) + this.#delay(node, client);
    const timeoutMs = this.#options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
    const unreachable = (): boolean => this.#isCut(client, node) || this.#isCut(node, client) || roundTripMs > timeoutMs;
    if (unreachable()) {
      scheduler.after(timeoutMs, () => settled({ code: 'UNAVAILABLE', message: `connecting to ${address} timed out`, unsent: true }));
      return;
    }
    scheduler.after(roundTripMs, () => {
      const server = this.#servers.get(address);
      if (server === undefined || unreachable())
        settled({ code: 'UNAVAILABLE', message: `${address} refused the connection`, unsent: true });
      else settled(this.#newConnection(client, scheduler, server));
    });
  }

  #newConnection(client: string, scheduler: Scheduler, server: Listening): Connection {
    const connection = new Connection({
      client,
      server,
      up: this.#link(client, server.node, server.scheduler),
      down: this.#link(server.node, client, scheduler),
      sent: this.#options.onPacket ?? (() => {}),
      closed: (closed) => void this.#connections.delete(closed),
    });
    this.#connections.add(connection);
    return connection;
  }

  #link(from: string, to: string, receiver: Scheduler): LinkOptions {
    return {
      receiver,
      now: () => this.#options.scheduler.nowMs,
      latencyMs: () => this.#delay(from, to),
      blocked: () => this.#isCut(from, to),
    };
  }

  #between(one: string, other: string): Connection[] {
    return [...this.#connections].filter(
      ({ client, server }) => (client === one && server.node === other) || (client === other && server.node === one),
    );
  }

  #isCut(from: string, to: string): boolean {
    return this.#cut.size > 0 && this.#cut.has(`${from}>${to}`);
  }

  #delay(from: string, to: string): number {
    const jitterMs = this.#options.jitterMs ?? 0;
    return this.#latencyMs(from, to) + (jitterMs > 0 ? (this.#options.random?.fraction() ?? 0) * jitterMs : 0);
  }
}
