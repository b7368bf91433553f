import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Logger, MoldauError } from '@moldau/kernel';

/** A request to the admin port. */
export interface AdminRequest {
  readonly method: string;
  readonly path: string;
  /** Parameters of the query; the first value where a name came twice. */
  readonly query: ReadonlyMap<string, string>;
  readonly body: string;
}

export interface AdminResponse {
  readonly status: number;
  /** Default `text/plain; charset=utf-8`. */
  readonly contentType?: string;
  readonly body: string | Uint8Array;
}

/** Undefined: not a path of ours; the answer is 404. */
export type AdminRoutes = (request: AdminRequest) => Promise<AdminResponse | undefined>;

export interface AdminHttpOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly routes: AdminRoutes;
  readonly logger: Logger;
}

export interface AdminHttpServer {
  readonly port: number;
  /** `host:port` as bound. */
  readonly address: string;
  /** Stops listening and breaks what is open. */
  close(): Promise<void>;
}

/** More is refused with 413: the largest thing anybody sends here is a log level. */
const BODY_BYTES_MAX = 64 * 1024;
const CONNECTIONS_MAX = 100;
/** Whole request, headers included: a slow sender holds one of few connections. */
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * HTTP for operators and probes: metrics, health, log levels. Not for users: no TLS, no login; bind it to where only they are.
 *
 * @throws MoldauError ADDRESS_IN_USE, INVALID_CONFIG
 */
export async function createAdminHttpServer(options: AdminHttpOptions): Promise<AdminHttpServer> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    void answer(request, response, options);
  });
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    address: `${options.host}:${port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function listen(server: Server, { host, port }: AdminHttpOptions): Promise<void> {
  const address = `${host}:${port}`;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const inUse = cause.code === 'EADDRINUSE';
      const message = inUse ? `another process listens on ${address}` : `can't listen on ${address}: ${cause.message}`;
      reject(new MoldauError(inUse ? 'ADDRESS_IN_USE' : 'INVALID_CONFIG', message, { address, listener: 'admin' }, { cause }));
    });
    server.listen(port, host, resolve);
  });
}

async function answer(request: IncomingMessage, response: ServerResponse, { routes, logger }: AdminHttpOptions): Promise<void> {
  let result: AdminResponse;
  try {
    const body = await readBody(request);
    result =
      body === undefined
        ? { status: 413, body: 'too large\n' }
        : ((await routes(parse(request, body))) ?? { status: 404, body: 'not found\n' });
  } catch (caught) {
    // The caller has gone: there is nobody to answer.
    if (response.destroyed) return;
    logger.error('admin request failed', { path: request.url, error: caught });
    result = { status: 500, body: 'internal error\n' };
  }
  const close = result.status === 413 ? { connection: 'close' } : {};
  response.writeHead(result.status, { 'content-type': result.contentType ?? 'text/plain; charset=utf-8', ...close });
  response.end(request.method === 'HEAD' ? undefined : result.body);
}

/** Undefined when it is too large. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(request: IncomingMessage, body: string): AdminRequest {
  const [path = '/', search = ''] = (request.url ?? '/').split('?', 2);
  const query = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(search)) if (!query.has(name)) query.set(name, value);
  return { method: request.method ?? 'GET', path, query, body };
}
