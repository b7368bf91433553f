import { LOG_LEVELS, type LogLevel } from '@moldau/kernel';
import type { ServiceLogger } from '../logging/pino-logger.ts';
import type { PromMeter } from '../metrics/prom-meter.ts';
import type { Readiness } from './readiness.ts';

export interface AdminRequest {
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
  readonly body: string;
}

export interface AdminResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface AdminParts {
  readonly log: ServiceLogger;
  readonly meter: PromMeter;
  readonly readiness: Readiness;
}

type Route = (request: AdminRequest, parts: AdminParts) => AdminResponse | Promise<AdminResponse>;

/** Method and path of each route. */
const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['GET /metrics', async (_, { meter }) => ({ status: 200, contentType: meter.contentType, body: await meter.expose() })],
  // Answering at all is the sign of life.
  ['GET /healthz', () => json(200, { alive: true })],
  ['GET /readyz', (_, { readiness }) => readyz(readiness)],
  ['GET /loglevel', (_, { log }) => json(200, { level: log.level })],
  ['PUT /loglevel', (request, { log }) => setLevel(request, log)],
]);

const PATHS = new Set([...ROUTES.keys()].map((key) => key.split(' ')[1]));

/** What the admin HTTP server answers: /metrics, /healthz, /readyz, /loglevel. */
export function createAdminRoutes(parts: AdminParts): (request: AdminRequest) => Promise<AdminResponse> {
  return async (request) => {
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const route = ROUTES.get(`${method} ${request.path}`);
    if (route !== undefined) return route(request, parts);
    if (PATHS.has(request.path)) return json(405, { error: `${request.method} is not allowed on ${request.path}` });
    return json(404, { error: `there is no ${request.path}`, paths: [...PATHS] });
  };
}

function readyz(readiness: Readiness): AdminResponse {
  const reasons = readiness.reasons();
  const ready = Object.keys(reasons).length === 0;
  return json(ready ? 200 : 503, ready ? { ready } : { ready, reasons });
}

function setLevel(request: AdminRequest, log: ServiceLogger): AdminResponse {
  const level = levelIn(request.body);
  if (level === undefined) return json(400, { error: `the body must be {"level": …} with one of ${LOG_LEVELS.join(', ')}` });
  const before = log.level;
  log.setLevel(level);
  log.info('log level changed', { before, level });
  return json(200, { level });
}

function levelIn(body: string): LogLevel | undefined {
  try {
    const content: unknown = JSON.parse(body);
    const level = typeof content === 'object' && content !== null && 'level' in content ? content.level : undefined;
    return LOG_LEVELS.find((known) => known === level);
  } catch {
    return undefined;
  }
}

function json(status: number, content: unknown): AdminResponse {
  return { status, contentType: 'application/json', body: `${JSON.stringify(content)}\n` };
}
