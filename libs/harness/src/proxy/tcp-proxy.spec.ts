import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TcpProxy, tcpProxy } from './tcp-proxy.ts';

let echo: Server;
let proxy: TcpProxy;
const sockets = new Set<Socket>();

beforeEach(async () => {
  echo = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const address = echo.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  proxy = await tcpProxy({ target: `127.0.0.1:${address.port}` });
});

afterEach(async () => {
  await proxy.close();
  for (const socket of sockets) socket.destroy();
  echo.close();
});

async function client(): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: proxy.port, noDelay: true });
  sockets.add(socket);
  await once(socket, 'connect');
  return socket;
}

async function roundTripMs(socket: Socket): Promise<number> {
  const begin = performance.now();
  socket.write('x');
  await once(socket, 'data');
  return performance.now() - begin;
}

describe('tcpProxy', () => {
  it('passes bytes both ways, in order and whole, with a delay or without', async () => {
    const sent = Buffer.alloc(3 * 2 ** 20, 'moldau');
    for (const delay of [0, 4]) {
      proxy.setRoundTripMs(delay);
      const socket = await client();
      const received: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => void received.push(chunk));
      socket.end(sent);
      await once(socket, 'end');
      expect(Buffer.concat(received).equals(sent)).toBe(true);
    }
  });

  it('adds the round trip it was told to', async () => {
    const socket = await client();
    await roundTripMs(socket);
    proxy.setRoundTripMs(20);
    const times: number[] = [];
    for (let trip = 0; trip < 10; trip++) times.push(await roundTripMs(socket));
    const median = times.sort((a, b) => a - b)[5] as number;
    expect(median).toBeGreaterThanOrEqual(19);
    expect(median).toBeLessThan(40);
  });

  it('limits the bandwidth', async () => {
    proxy.setBytesPerSecond(1_000_000);
    const socket = await client();
    const begin = performance.now();
    socket.end(Buffer.alloc(200_000));
    socket.resume();
    await once(socket, 'end');
    expect(performance.now() - begin).toBeGreaterThan(180);
  });

  it('swallows answers, and resets the connection when the fault ends', async () => {
    const socket = await client();
    await roundTripMs(socket);
    proxy.setFault('drop-answers');
    let answered = false;
    socket.once('data', () => void (answered = true));
    socket.write('lost');
    await new Promise((wake) => setTimeout(wake, 100));
    expect(answered).toBe(false);
    const failed = once(socket, 'error');
    proxy.setFault('none');
    expect(String((await failed)[0])).toContain('ECONNRESET');
    expect(await roundTripMs(await client())).toBeLessThan(1000);
  });

  it('resets connections on demand and refuses new ones', async () => {
    const socket = await client();
    await roundTripMs(socket);
    const failed = once(socket, 'error');
    proxy.reset();
    await failed;
    proxy.setFault('refuse');
    const refused = connect({ host: '127.0.0.1', port: proxy.port });
    await once(refused, 'error');
    expect(proxy.connections).toBe(0);
  });
});
