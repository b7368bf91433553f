import { type ClientHttp2Session, connect, constants, createServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { type CallHandlers, type MethodPath, STATUS_OK, silentLogger } from '@moldau/kernel';
import { afterEach, describe, expect, it } from 'vitest';
import { createGrpcConnector } from './grpc-connector.ts';
import { createGrpcServer, type GrpcServer } from './grpc-server.ts';
import type { ListenerLimits } from './listener-options.ts';

const PATH: MethodPath = '/test.Service/Method';
const HEADERS = { ':path': PATH, ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };
const servers: GrpcServer[] = [];
const sessions: ClientHttp2Session[] = [];

afterEach(async () => {
  for (const session of sessions.splice(0)) session.destroy();
  await Promise.all(servers.splice(0).map((server) => server.shutdown(0)));
});

async function serve(handlers: CallHandlers, limits: ListenerLimits = {}): Promise<string> {
  const server = createGrpcServer({ logger: silentLogger });
  servers.push(server);
  return (await server.serve(handlers, { name: 'client', host: '127.0.0.1', port: 0, limits })).address;
}

/** A plain HTTP/2 client: what any other maker's library sees of our server. */
async function rawSession(address: string): Promise<ClientHttp2Session> {
  const session = connect(`http://${address}`);
  sessions.push(session);
  session.on('error', () => {});
  await new Promise((resolve) => session.once('remoteSettings', resolve));
  // The WINDOW_UPDATE of the connection follows the settings.
  await new Promise((resolve) => setTimeout(resolve, 50));
  return session;
}

const pausing: CallHandlers = new Map([
  [
    PATH,
    {
      kind: 'stream',
      open: (stream) => {
        stream.pause();
        return { message: () => {}, drained: () => {}, ended: () => {}, closed: () => {} };
      },
    },
  ],
]);

describe('the receive window of a server', () => {
  it('is 16 MiB per call and per connection, as its peers see it', async () => {
    const session = await rawSession(await serve(new Map()));
    expect(session.remoteSettings).toMatchObject({ initialWindowSize: 16 * 1024 * 1024, maxConcurrentStreams: 100 });
    expect(session.state.remoteWindowSize).toBe(16 * 1024 * 1024);
  });

  it('takes that much from a sender before it holds it back, and no more', async () => {
    const windowBytes = 2 * 1024 * 1024;
    const session = await rawSession(await serve(pausing, { windowBytes, maxReceiveBytes: 64 * 1024 * 1024 }));
    const call = session.request(HEADERS);
    call.on('error', () => {});
    const bytes = 32 * 1024 * 1024;
    const message = Buffer.alloc(bytes + 5);
    message.writeUInt32BE(bytes, 1);
    call.write(message);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { bytesWritten } = session.socket;
    expect(bytesWritten).toBeGreaterThan(windowBytes);
    expect(bytesWritten).toBeLessThan(windowBytes + 256 * 1024);
  });
});

describe('a connection with many calls that nobody reads', () => {
  const windowBytes = 1024 * 1024;

  async function fill(calls: number): Promise<{ readonly session: ClientHttp2Session; readonly closed: Promise<number | undefined> }> {
    const limits = { windowBytes, unreadBytesMax: 4 * windowBytes, maxReceiveBytes: 64 * 1024 * 1024 };
    const session = await rawSession(await serve(pausing, limits));
    const goAway = new Promise<number | undefined>((resolve) => {
      session.once('goaway', (code: number) => resolve(code));
      session.once('close', () => resolve(undefined));
    });
    const message = Buffer.alloc(2 * windowBytes);
    message.writeUInt32BE(32 * 1024 * 1024, 1);
    for (let call = 0; call < calls; call++) {
      const request = session.request(HEADERS);
      request.on('error', () => {});
      request.write(message);
    }
    return { session, closed: goAway };
  }

  it('is ended with ENHANCE_YOUR_CALM above the limit', async () => {
    const { closed } = await fill(8);
    expect(await closed).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  });

  it('goes on below it', async () => {
    const { session } = await fill(3);
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect(session.closed || session.destroyed).toBe(false);
  });
});

describe('the receive window of a client', () => {
  it('is 16 MiB per call and per connection, as its servers see it', async () => {
    const raw = createServer();
    const accepted = new Promise<ServerHttp2Session>((resolve) => raw.once('session', resolve));
    await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
    const { port } = raw.address() as AddressInfo;
    const channel = createGrpcConnector().connect(`127.0.0.1:${port}`);
    const call = channel.unary(PATH, new Uint8Array(1), { timeoutMs: 500 }).catch(() => undefined);
    const session = await accepted;
    await call;
    expect(session.remoteSettings.initialWindowSize).toBe(16 * 1024 * 1024);
    expect(session.state.remoteWindowSize).toBe(16 * 1024 * 1024);
    channel.close();
    session.destroy();
    raw.close();
  });
});

describe('limits of a listener', () => {
  it('refuse a message over the limit on either side with RESOURCE_EXHAUSTED', async () => {
    const address = await serve(new Map([[PATH, { kind: 'unary', call: async (request) => new Uint8Array(request.length * 4) }]]), {
      maxReceiveBytes: 1024,
    });
    const channel = createGrpcConnector({ maxReceiveBytes: 2048 }).connect(address);
    await expect(channel.unary(PATH, new Uint8Array(2000), { timeoutMs: 5000 })).rejects.toMatchObject({
      status: { code: 'RESOURCE_EXHAUSTED' },
    });
    await expect(channel.unary(PATH, new Uint8Array(1000), { timeoutMs: 5000 })).rejects.toMatchObject({
      status: { code: 'RESOURCE_EXHAUSTED' },
    });
    expect((await channel.unary(PATH, new Uint8Array(500), { timeoutMs: 5000 })).length).toBe(2000);
    channel.close();
  });

  it('reset a call with too much metadata, and no other', async () => {
    const address = await serve(new Map([[PATH, { kind: 'unary', call: async (request) => request }]]));
    const channel = createGrpcConnector().connect(address);
    const metadata = new Map(Array.from({ length: 20 }, (_, index) => [`key-${index}`, 'x'.repeat(4000)]));
    await expect(channel.unary(PATH, new Uint8Array(1), { timeoutMs: 5000, metadata })).rejects.toMatchObject({ name: 'StatusError' });
    expect((await channel.unary(PATH, new Uint8Array(1), { timeoutMs: 5000 })).length).toBe(1);
    channel.close();
  });

  it('give a call without a deadline one', async () => {
    let aborted = false;
    const handlers: CallHandlers = new Map([
      [
        PATH,
        {
          kind: 'unary',
          call: (_request, incoming) => {
            expect(incoming.timeoutMs).toBeUndefined();
            incoming.signal.addEventListener('abort', () => {
              aborted = true;
            });
            return new Promise(() => {});
          },
        },
      ],
    ]);
    const channel = createGrpcConnector().connect(await serve(handlers, { defaultTimeoutMs: 100 }));
    await expect(channel.unary(PATH, new Uint8Array(1), {})).rejects.toMatchObject({ status: { code: 'DEADLINE_EXCEEDED' } });
    expect(aborted).toBe(true);
    channel.close();
  });

  it('close connections beyond their number', async () => {
    const address = await serve(new Map(), { maxConnections: 1 });
    await rawSession(address);
    const second = connect(`http://${address}`);
    sessions.push(second);
    const closed = new Promise((resolve) => second.once('close', resolve));
    second.on('error', () => {});
    await closed;
  });
});

describe('hostile and broken peers', () => {
  it('leave the server standing: rapid resets, garbage, sockets that vanish', async () => {
    const address = await serve(new Map([[PATH, { kind: 'unary', call: async (request) => request }]]));
    const session = await rawSession(address);
    for (let call = 0; call < 300; call++) {
      const stream = session.request(HEADERS);
      stream.on('error', () => {});
      stream.close(8);
    }
    const garbage = await rawSession(address);
    for (const path of ['/', '/no/such', '/%ff%00']) {
      const stream = garbage.request({ ...HEADERS, ':path': path });
      stream.on('error', () => {});
      stream.end(Buffer.from([9, 255, 255, 255, 255, 1, 2]));
    }
    const stream = garbage.request(HEADERS);
    stream.on('error', () => {});
    stream.end(Buffer.from([7, 0, 0, 0, 1, 1]));
    await new Promise((resolve) => setTimeout(resolve, 100));
    garbage.socket.destroy();
    const channel = createGrpcConnector().connect(address);
    expect((await channel.unary(PATH, new Uint8Array(3), { timeoutMs: 5000 })).length).toBe(3);
    channel.close();
  });

  it('that vanish in the middle of a stream end it for the handler', async () => {
    const log: string[] = [];
    let opened = (): void => {};
    const gone = new Promise<void>((resolve) => {
      const events = { message: () => opened(), drained: () => {}, ended: () => {} };
      const handler = {
        kind: 'stream' as const,
        open: (_stream: unknown, incoming: { readonly signal: AbortSignal }) => {
          incoming.signal.addEventListener('abort', () => log.push('aborted'));
          return {
            ...events,
            closed: (status: { readonly code: string }) => {
              log.push(status.code);
              resolve();
            },
          };
        },
      };
      void serve(new Map([[PATH, handler]])).then(async (address) => {
        const session = await rawSession(address);
        const call = session.request(HEADERS);
        call.on('error', () => {});
        opened = () => session.socket.destroy();
        call.write(Buffer.from([0, 0, 0, 0, 1, 7]));
      });
    });
    await gone;
    expect(log).toEqual(['aborted', 'CANCELLED']);
  });

  it('that stop reading fill a bounded buffer, not the memory', async () => {
    let written = 0;
    const handler = {
      kind: 'stream' as const,
      open: (stream: { write(bytes: Uint8Array): boolean }) => {
        const go = (): void => {
          while (written < 10_000) {
            written++;
            if (!stream.write(new Uint8Array(64 * 1024))) return;
          }
        };
        go();
        return { message: () => {}, drained: go, ended: () => {}, closed: () => {} };
      },
    };
    const address = await serve(new Map([[PATH, handler]]));
    const session = await rawSession(address);
    const call = session.request(HEADERS);
    call.on('error', () => {});
    call.pause();
    await new Promise((resolve) => setTimeout(resolve, 300));
    // 1 MiB of ours, 64 KiB of the peer's window: well below what an unheeded writer would have queued.
    expect(written * 64 * 1024).toBeLessThan(3 * 1024 * 1024);
    call.close();
  });
});

describe('a message of a stream', () => {
  it('may be as large as the limit, both ways', async () => {
    const handlers: CallHandlers = new Map([
      [
        PATH,
        {
          kind: 'stream',
          open: (stream) => ({
            message: (bytes) => void stream.write(bytes),
            drained: () => {},
            ended: () => stream.close(STATUS_OK),
            closed: () => {},
          }),
        },
      ],
    ]);
    const maxReceiveBytes = 64 * 1024 * 1024;
    const channel = createGrpcConnector({ maxReceiveBytes }).connect(await serve(handlers, { maxReceiveBytes }));
    const sizes: number[] = [];
    const status = await new Promise((resolve) => {
      const stream = channel.stream(
        PATH,
        {},
        { message: (bytes) => sizes.push(bytes.length), drained: () => {}, ended: () => {}, closed: resolve },
      );
      stream.write(new Uint8Array(40 * 1024 * 1024));
      stream.write(new Uint8Array(0));
      stream.end();
    });
    expect([sizes, status]).toEqual([[40 * 1024 * 1024, 0], STATUS_OK]);
    channel.close();
  });
});
