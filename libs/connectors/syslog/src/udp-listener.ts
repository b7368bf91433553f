import { createSocket, type Socket } from 'node:dgram';
import { RetriableError } from '@moldau/connect';

export interface UdpOptions {
  readonly host: string;
  readonly port: number;
  /** 0: the system's default. */
  readonly receiveBufferBytes: number;
  readonly onMessage: (bytes: Buffer, address: string) => void;
}

/** A socket that datagrams come to. */
export interface Listener {
  readonly port: number;
  close(): Promise<void>;
}

/** @throws RetriableError while the port is taken */
export async function listenUdp({ host, port, receiveBufferBytes, onMessage }: UdpOptions): Promise<Listener> {
  const type = host.includes(':') ? 'udp6' : 'udp4';
  const socket = createSocket(receiveBufferBytes === 0 ? { type } : { type, recvBufferSize: receiveBufferBytes });
  await bind(socket, host, port);
  // An error of a bound socket is about one datagram; the next may come.
  socket.on('error', () => undefined);
  socket.on('message', (bytes, { address }) => onMessage(bytes, address));
  return {
    port: socket.address().port,
    close: () => new Promise((resolve) => void socket.close(() => resolve())),
  };
}

async function bind(socket: Socket, host: string, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, host, () => {
        socket.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    socket.close();
    throw new RetriableError(`UDP port ${port} of ${host}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
