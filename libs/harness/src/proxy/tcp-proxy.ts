import { connect, createServer, type Server, type Socket } from 'node:net';
import { DelayedPipe, type PipeConditions } from './delayed-pipe.ts';

/**
 * What the proxy does to bytes: `none` passes them; `blackhole` swallows both directions and keeps connections open;
 * `drop-answers` passes what clients send and swallows what servers answer; `refuse` resets new connections.
 */
export type ProxyFault = 'none' | 'blackhole' | 'drop-answers' | 'refuse';

export interface ProxyOptions {
  /** `host:port` of the server. */
  readonly target: string;
  /** Added to a round trip: half of it in each direction; default 0. */
  readonly roundTripMs?: number;
  /** Limit in each direction of each connection; default none. */
  readonly bytesPerSecond?: number;
  /** Default 0: a free port. */
  readonly port?: number;
}

/** A TCP proxy on the loopback, in this process: latency, bandwidth and broken lines without the kernel's help. */
export interface TcpProxy extends AsyncDisposable {
  /** `host:port` that clients connect to. */
  readonly address: string;
  readonly port: number;
  setTarget(target: string): void;
  setRoundTripMs(roundTripMs: number): void;
  setBytesPerSecond(limit: number | undefined): void;
  /** Connections that lost bytes under the last fault are reset when it changes: their streams have holes. */
  setFault(fault: ProxyFault): void;
  /** Breaks every connection with a RST. */
  reset(): void;
  readonly connections: number;
  close(): Promise<void>;
}

interface Conditions {
  target: string;
  delayMs: number;
  bytesPerSecond: number | undefined;
  fault: ProxyFault;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** Whether bytes of it have vanished. */
  torn: boolean;
}

export async function tcpProxy(options: ProxyOptions): Promise<TcpProxy> {
  const conditions: Conditions = {
    target: options.target,
    delayMs: (options.roundTripMs ?? 0) / 2,
    bytesPerSecond: options.bytesPerSecond,
    fault: 'none',
  };
  const pairs = new Set<Pair>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => accept(client, conditions, pairs));
  const port = await listen(server, options.port ?? 0);
  const reset = (which: (pair: Pair) => boolean): void => {
    for (const pair of [...pairs].filter(which)) breakPair(pair, pairs);
  };
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    reset(() => true);
    await closed;
  };
  return {
    address: `127.0.0.1:${port}`,
    port,
    setTarget: (target) => void (conditions.target = target),
    setRoundTripMs: (roundTripMs) => void (conditions.delayMs = roundTripMs / 2),
    setBytesPerSecond: (limit) => void (conditions.bytesPerSecond = limit),
    setFault(fault): void {
      conditions.fault = fault;
      reset((pair) => pair.torn);
    },
    reset: () => reset(() => true),
    get connections(): number {
      return pairs.size;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('the proxy has no port'));
      else resolve(address.port);
    });
  });
}

function accept(client: Socket, conditions: Conditions, pairs: Set<Pair>): void {
  client.on('error', () => {});
  if (conditions.fault === 'refuse') {
    client.resetAndDestroy();
    return;
  }
  const cut = conditions.target.lastIndexOf(':');
  const server = connect({
    host: conditions.target.slice(0, cut),
    port: Number(conditions.target.slice(cut + 1)),
    noDelay: true,
    allowHalfOpen: true,
  });
  const pair: Pair = { client, server, torn: false };
  pairs.add(pair);
  const broken = (): void => breakPair(pair, pairs);
  client.on('error', broken);
  server.on('error', broken);
  for (const socket of [client, server]) {
    socket.on('close', () => {
      if (client.destroyed && server.destroyed) pairs.delete(pair);
    });
  }
  const seen = (swallowing: readonly ProxyFault[]): PipeConditions => ({
    delayMs: conditions.delayMs,
    bytesPerSecond: conditions.bytesPerSecond,
    discard: swallowing.includes(conditions.fault),
  });
  const discarded = (): void => void (pair.torn = true);
  new DelayedPipe({ from: client, to: server, conditions: () => seen(['blackhole']), discarded });
  new DelayedPipe({ from: server, to: client, conditions: () => seen(['blackhole', 'drop-answers']), discarded });
}

function breakPair(pair: Pair, pairs: Set<Pair>): void {
  pairs.delete(pair);
  if (!pair.client.destroyed) pair.client.resetAndDestroy();
  if (!pair.server.destroyed) pair.server.resetAndDestroy();
}
