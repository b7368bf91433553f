import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { RetriableError } from '@moldau/connect';
import { type Frame, FrameReader, type Framing } from './frame-reader.ts';
import type { Listener } from './udp-listener.ts';

export interface TcpOptions {
  readonly host: string;
  readonly port: number;
  readonly framing: Framing;
  readonly messageBytesMax: number;
  readonly connectionsMax: number;
  /** 0: none. */
  readonly idleTimeoutMs: number;
  readonly onFrame: (frame: Frame, address: string) => void;
  /** Asked after each part of a stream: no more is read of any while there is no room. */
  readonly hasRoom: () => boolean;
}

export interface TcpListener extends Listener {
  readonly connections: number;
  /** There is room again. */
  resume(): void;
}

/** @throws RetriableError while the port is taken */
export async function listenTcp(options: TcpOptions): Promise<TcpListener> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    receive(socket, options);
  });
  server.maxConnections = options.connectionsMax;
  await listen(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return sockets.size;
    },
    resume: () => {
      for (const socket of sockets) socket.resume();
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function receive(socket: Socket, options: TcpOptions): void {
  const address = socket.remoteAddress ?? '';
  const reader = new FrameReader(options.framing, options.messageBytesMax);
  if (options.idleTimeoutMs > 0) socket.setTimeout(options.idleTimeoutMs, () => socket.destroy());
  socket.on('data', (chunk) => {
    for (const frame of reader.push(chunk)) options.onFrame(frame, address);
    if (!options.hasRoom()) socket.pause();
  });
  socket.on('end', () => {
    for (const frame of reader.end()) options.onFrame(frame, address);
  });
  // The sender went away; what was whole is kept.
  socket.on('error', () => socket.destroy());
}

async function listen(server: Server, { host, port }: TcpOptions): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    throw new RetriableError(`TCP port ${port} of ${host}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
