import { type CallHandlers, type Channel, type MethodPath, type Status, StatusError, silentLogger } from '@moldau/kernel';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createTestAuthority, type TestAuthority } from '../testing/certificates.ts';
import { type ClientTls, createGrpcConnector } from './grpc-connector.ts';
import { createGrpcServer, type GrpcServer } from './grpc-server.ts';
import type { ServerTls } from './listener-options.ts';

const PATH: MethodPath = '/test.Service/Method';
const ECHO: CallHandlers = new Map([[PATH, { kind: 'unary', call: async (request) => request }]]);
const MESSAGE = new Uint8Array([1, 2, 3]);
const TIMEOUT_MS = 5000;

const servers: GrpcServer[] = [];
const channels: Channel[] = [];

/** The authority that the tests trust, and one that nobody heard of. */
let authority: TestAuthority;
let stranger: TestAuthority;

beforeAll(async () => {
  authority = await createTestAuthority('Moldau test authority');
  stranger = await createTestAuthority('Stranger');
});

afterEach(async () => {
  for (const channel of channels.splice(0)) channel.close();
  await Promise.all(servers.splice(0).map((server) => server.shutdown(0)));
});

/** Serves an echo; answers with its address. */
async function serve(tls: ServerTls | undefined): Promise<string> {
  const server = createGrpcServer({ logger: silentLogger });
  servers.push(server);
  const listener = { name: 'client', host: '127.0.0.1', port: 0, ...(tls === undefined ? {} : { tls }) };
  return `localhost:${(await server.serve(ECHO, listener)).port}`;
}

function call(address: string, tls: ClientTls | undefined): Promise<Uint8Array> {
  const channel = createGrpcConnector(tls === undefined ? {} : { tls }).connect(address);
  channels.push(channel);
  return channel.unary(PATH, MESSAGE, { timeoutMs: TIMEOUT_MS });
}

async function failureOf(outcome: Promise<unknown>): Promise<Status> {
  const error: unknown = await outcome.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(error instanceof StatusError)) throw new Error('the call did not fail with a status', { cause: error });
  return error.status;
}

describe('a server with a certificate', () => {
  it('answers a client that trusts its authority', async () => {
    const address = await serve(await authority.issue('broker'));
    expect(await call(address, { authority: authority.certificate })).toEqual(Buffer.from(MESSAGE));
  });

  it('is not trusted by a client of another authority, which is told why and has sent nothing', async () => {
    const address = await serve(await authority.issue('broker'));
    const status = await failureOf(call(address, { authority: stranger.certificate }));
    expect(status).toMatchObject({ code: 'UNAVAILABLE', unsent: true });
    expect(status.message).toMatch(
      new RegExp(`^can't reach ${address}: .*(unable to verify|self-signed|unable to get (local )?issuer)`, 'i'),
    );
    expect(status.message).not.toMatch(/Resolution note|No connection established/);
  });

  it("is not trusted by a client that knows only the system's authorities", async () => {
    const address = await serve(await authority.issue('broker'));
    expect(await failureOf(call(address, {}))).toMatchObject({ code: 'UNAVAILABLE', unsent: true });
  });

  it('is not trusted under a name that its certificate does not have', async () => {
    const address = await serve(await authority.issue('broker', 'elsewhere.example'));
    const status = await failureOf(call(address, { authority: authority.certificate }));
    expect(status.code).toBe('UNAVAILABLE');
    expect(status.message).toContain('elsewhere.example');
  });

  it('refuses a client in plain text', async () => {
    const address = await serve(await authority.issue('broker'));
    expect(await failureOf(call(address, undefined))).toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('carries on for those that trust it after one that did not', async () => {
    const address = await serve(await authority.issue('broker'));
    await failureOf(call(address, { authority: stranger.certificate }));
    expect(await call(address, { authority: authority.certificate })).toEqual(Buffer.from(MESSAGE));
  });
});

describe('a server that asks clients for a certificate', () => {
  async function serveMutual(): Promise<string> {
    return serve({ ...(await authority.issue('broker')), clientAuthority: authority.certificate });
  }

  it('answers one of its authority', async () => {
    const address = await serveMutual();
    const client = { ...(await authority.issue('client')), authority: authority.certificate };
    expect(await call(address, client)).toEqual(Buffer.from(MESSAGE));
  });

  it('refuses one without a certificate', async () => {
    const address = await serveMutual();
    expect(await failureOf(call(address, { authority: authority.certificate }))).toMatchObject({ code: 'UNAVAILABLE' });
  });

  it("refuses one of another authority, however well that knows the server's", async () => {
    const address = await serveMutual();
    const client = { ...(await stranger.issue('client')), authority: authority.certificate };
    expect(await failureOf(call(address, client))).toMatchObject({ code: 'UNAVAILABLE' });
  });
});

describe('a server in plain text', () => {
  it('is not talked to by a client that wants TLS', async () => {
    const address = await serve(undefined);
    expect(await failureOf(call(address, { authority: authority.certificate }))).toMatchObject({ code: 'UNAVAILABLE', unsent: true });
  });
});
