import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { type CallHandlers, type MethodPath, silentLogger } from '@moldau/kernel';
import { RecordingLogger } from '@moldau/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { createGrpcConnector } from './grpc-connector.ts';
import { createGrpcServer, type GrpcServer } from './grpc-server.ts';

const PATH: MethodPath = '/test.Service/Method';
const echo: CallHandlers = new Map([[PATH, { kind: 'unary', call: async (request) => request }]]);
const local = (name: string, port = 0) => ({ name, host: '127.0.0.1', port });
const servers: GrpcServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.shutdown(0)));
});

function newServer(options: Partial<Parameters<typeof createGrpcServer>[0]> = {}): GrpcServer {
  const server = createGrpcServer({ logger: silentLogger, ...options });
  servers.push(server);
  return server;
}

describe('a gRPC server', () => {
  it('serves several listeners, each with its own methods', async () => {
    const server = newServer();
    const names: string[] = [];
    const handlers = (answer: number): CallHandlers =>
      new Map([
        [
          PATH,
          {
            kind: 'unary',
            call: async (_request, incoming) => {
              names.push(incoming.listener);
              return new Uint8Array([answer]);
            },
          },
        ],
      ]);
    const client = await server.serve(handlers(1), local('client'));
    const internal = await server.serve(
      new Map([...handlers(2), ['/internal/Only', { kind: 'unary', call: async (request) => request }]]),
      local('internal'),
    );
    const connector = createGrpcConnector();
    const [one, two] = [connector.connect(client.address), connector.connect(internal.address)];
    expect(await one.unary(PATH, new Uint8Array(0), { timeoutMs: 5000 })).toEqual(Buffer.from([1]));
    expect(await two.unary(PATH, new Uint8Array(0), { timeoutMs: 5000 })).toEqual(Buffer.from([2]));
    expect(names).toEqual(['client', 'internal']);
    await expect(one.unary('/internal/Only', new Uint8Array(0), { timeoutMs: 5000 })).rejects.toMatchObject({
      status: { code: 'UNIMPLEMENTED' },
    });
    one.close();
    two.close();
  });

  it('says when its address is taken', async () => {
    const { port } = await newServer().serve(echo, local('client'));
    await expect(newServer().serve(echo, local('client', port))).rejects.toMatchObject({ reason: 'ADDRESS_IN_USE' });
  });

  it('answers a thousand calls at once', async () => {
    const { address } = await newServer().serve(echo, local('client'));
    const channel = createGrpcConnector().connect(address);
    const answers = await Promise.all(
      Array.from({ length: 1000 }, (_, call) => channel.unary(PATH, Buffer.from(String(call)), { timeoutMs: 15_000 })),
    );
    expect(answers.map(String)).toEqual(Array.from({ length: 1000 }, (_, call) => String(call)));
    channel.close();
  });

  it('logs what a handler throws unexpectedly, and survives messages that no header carries', async () => {
    const logger = new RecordingLogger();
    const handlers: CallHandlers = new Map([
      [
        PATH,
        {
          kind: 'unary',
          call: async () => {
            throw new Error('a secret \ud800');
          },
        },
      ],
    ]);
    const { address } = await newServer({ logger }).serve(handlers, local('client'));
    const channel = createGrpcConnector().connect(address);
    await expect(channel.unary(PATH, new Uint8Array(0), { timeoutMs: 5000 })).rejects.toMatchObject({
      status: { code: 'INTERNAL', message: 'internal error' },
    });
    expect(logger.at('error')).toHaveLength(1);
    channel.close();
  });
});

describe('a shutdown', () => {
  const slow = (ms: number): CallHandlers =>
    new Map([[PATH, { kind: 'unary', call: (request) => new Promise((resolve) => setTimeout(() => resolve(request), ms)) }]]);

  it('lets calls under way finish and takes no more', async () => {
    const server = newServer();
    const { address } = await server.serve(slow(200), local('client'));
    const channel = createGrpcConnector().connect(address);
    const call = channel.unary(PATH, new Uint8Array(1), { timeoutMs: 5000 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const stopped = server.shutdown(5000);
    expect((await call).length).toBe(1);
    await stopped;
    await expect(channel.unary(PATH, new Uint8Array(1), { timeoutMs: 5000 })).rejects.toMatchObject({ status: { code: 'UNAVAILABLE' } });
    channel.close();
  });

  it('breaks what lasts longer than the grace', async () => {
    const server = newServer();
    const { address } = await server.serve(slow(60_000), local('client'));
    const channel = createGrpcConnector().connect(address);
    const call = channel.unary(PATH, new Uint8Array(1), { timeoutMs: 30_000 });
    const outcome = expect(call).rejects.toMatchObject({ name: 'StatusError' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const start = performance.now();
    await server.shutdown(100);
    await outcome;
    expect(performance.now() - start).toBeLessThan(2000);
    channel.close();
  });

  it('is survived by a channel that finds the next server at the address', async () => {
    const first = newServer();
    const { port, address } = await first.serve(echo, local('client'));
    const channel = createGrpcConnector().connect(address);
    await channel.unary(PATH, new Uint8Array(1), { timeoutMs: 5000 });
    await first.shutdown(0);
    await newServer().serve(echo, local('client', port));
    const deadline = performance.now() + 5000;
    let answer: Uint8Array | undefined;
    while (answer === undefined && performance.now() < deadline) {
      answer = await channel.unary(PATH, new Uint8Array(1), { timeoutMs: 1000 }).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(answer?.length).toBe(1);
    channel.close();
  });
});

describe('official services', () => {
  function call(address: string, path: string, request: Buffer): Promise<Buffer> {
    const client = new Client(address, credentials.createInsecure());
    const identity = (bytes: Buffer): Buffer => bytes;
    return new Promise<Buffer>((resolve, reject) => {
      client.makeUnaryRequest(path, identity, identity, request, (error, response) => {
        client.close();
        if (error === null && response !== undefined) resolve(response);
        else reject(error ?? new Error('no response'));
      });
    });
  }

  it('tell health on every listener', async () => {
    const server = newServer();
    const { address } = await server.serve(echo, local('client'));
    await expect(call(address, '/grpc.health.v1.Health/Check', Buffer.alloc(0))).rejects.toMatchObject({ code: 5 });
    server.setServing('', true);
    // HealthCheckResponse { status: SERVING } is field 1, varint 1.
    expect(await call(address, '/grpc.health.v1.Health/Check', Buffer.alloc(0))).toEqual(Buffer.from([8, 1]));
    server.setServing('', false);
    expect(await call(address, '/grpc.health.v1.Health/Check', Buffer.alloc(0))).toEqual(Buffer.from([8, 2]));
  });

  it('describe the API by reflection, v1 and v1alpha', async () => {
    const protoRoot = mkdtempSync(join(tmpdir(), 'moldau-proto-'));
    writeFileSync(
      join(protoRoot, 'test.proto'),
      'syntax = "proto3"; package test; message M {} service Service { rpc Method(M) returns (M); }',
    );
    const { address } = await newServer({ reflection: { protoRoot, files: ['test.proto'] } }).serve(echo, local('client'));
    rmSync(protoRoot, { recursive: true });
    const channel = createGrpcConnector().connect(address);
    for (const version of ['v1', 'v1alpha']) {
      const answer = await new Promise<Uint8Array>((resolve, reject) => {
        const stream = channel.stream(
          `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
          { timeoutMs: 5000 },
          {
            message: resolve,
            drained: () => {},
            ended: () => {},
            closed: reject,
          },
        );
        // ServerReflectionRequest { list_services: '*' }.
        stream.write(Buffer.from([0x3a, 1, 0x2a]));
      });
      expect(Buffer.from(answer).toString('latin1')).toContain('test.Service');
    }
    channel.close();
  });
});
