import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Logger, MoldauError } from '@moldau/kernel';
import { INTERNAL_PATH } from '../forward-call.ts';
import { RestError, restError } from './rest-error.ts';
import type { RestAnswer, RestRoute } from './rest-routes.ts';

/** A config of 2,000 settings is far below; plans of tasks come by the same way. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;
const REQUEST_TIMEOUT_MS = 60_000;
/** Longer than clients keep a connection that is idle, so that none is closed as its next request comes. */
const KEEP_ALIVE_MS = 75_000;
const CONNECTIONS_MAX = 1_000;

export interface RestServer {
  readonly host: string;
  readonly port: number;
  /** Until then every call is answered with 503. */
  serve(routes: readonly RestRoute[]): void;
  close(): Promise<void>;
}

interface Listening {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** Listens at once, as others are told its port; @throws MoldauError ADDRESS_IN_USE, INVALID_CONFIG */
export async function openRestServer({ host, port }: Listening, logger: Logger): Promise<RestServer> {
  let routes: readonly RestRoute[] | undefined;
  const server = createServer((request, response) => void answer(routes, request, response, logger));
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.maxConnections = CONNECTIONS_MAX;
  await listening(server, host, port);
  const address = server.address();
  return {
    host,
    port: typeof address === 'object' && address !== null ? address.port : port,
    serve: (all) => {
      routes = all;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason = error.code === 'EADDRINUSE' ? 'ADDRESS_IN_USE' : 'INVALID_CONFIG';
      reject(new MoldauError(reason, `can't listen on ${host}:${port}: ${error.message}`, { address: `${host}:${port}` }));
    });
    server.listen(port, host, () => resolve());
  });
}

async function answer(
  routes: readonly RestRoute[] | undefined,
  request: IncomingMessage,
  response: ServerResponse,
  logger: Logger,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://worker');
  let result: RestAnswer;
  try {
    if (routes === undefined) throw new MoldauError('CONNECT_NOT_READY', 'the worker is starting');
    const { route, params } = find(routes, request.method ?? 'GET', url.pathname);
    result = await route.handle({ params, query: url.searchParams, body: await bodyOf(request) });
  } catch (caught) {
    const { status, headers, body } = restError(caught);
    if (status === 500) logger.error('a request failed', { path: url.pathname, error: caught });
    result = { status, headers, body: url.pathname === INTERNAL_PATH ? forwarded(caught) : body };
  }
  // What was not read of the request would be taken for the next one.
  if (!request.complete) response.setHeader('connection', 'close');
  response.writeHead(result.status, { ...(result.body === undefined ? {} : { 'content-type': 'application/json' }), ...result.headers });
  response.end(result.body === undefined ? undefined : JSON.stringify(result.body));
}

function forwarded(caught: unknown): object {
  const { reason, message, facts } = MoldauError.from(caught);
  return { error: { reason, message, facts } };
}

function find(
  routes: readonly RestRoute[],
  method: string,
  path: string,
): { readonly route: RestRoute; readonly params: Record<string, string> } {
  const wanted = segmentsOf(path);
  let isKnownPath = false;
  for (const route of routes) {
    const params = match(segmentsOf(route.path), wanted);
    if (params === undefined) continue;
    isKnownPath = true;
    if (route.method === method) return { route, params };
  }
  throw isKnownPath ? new RestError(405, 'HTTP 405 Method Not Allowed') : new RestError(404, 'HTTP 404 Not Found');
}

function segmentsOf(path: string): readonly string[] {
  return path.split('/').filter((segment) => segment !== '');
}

function match(pattern: readonly string[], wanted: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== wanted.length) return undefined;
  const params: [string, string][] = [];
  for (const [index, segment] of pattern.entries()) {
    const given = wanted[index] ?? '';
    if (segment.startsWith(':')) params.push([segment.slice(1), decoded(given)]);
    else if (segment !== given) return undefined;
  }
  return Object.fromEntries(params);
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new RestError(400, 'the path is not percent-encoded text');
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > BODY_BYTES_MAX) throw new RestError(413, `the body has more than ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  if (length === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new RestError(400, 'the body is not JSON');
  }
}
