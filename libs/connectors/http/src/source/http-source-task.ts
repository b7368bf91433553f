import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { RetriableError, type SourceBatch, type SourceContext, type SourceTask } from '@moldau/connect';
import { checkSignature, checkToken } from './access.ts';
import { readBody } from './read-body.ts';
import { contentType, recordsOf } from './records-of.ts';
import { RETRY_SOON, Refusal } from './refusal.ts';
import { type Outcome, RequestQueue, type Taken } from './request-queue.ts';
import { RequestRate } from './request-rate.ts';
import type { HttpSourceConfig } from './source-config.ts';
import { createSourceMetrics, type SourceMetrics } from './source-metrics.ts';

/** Longest wait of one poll, so that the runtime is asked for other work now and then. */
const POLL_WAIT_MS = 500;
/** A sender has this long for the headers, and for the whole request. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 60_000;

/** Listens at one port. */
export class HttpSourceTask implements SourceTask {
  readonly #config: HttpSourceConfig;
  readonly #context: SourceContext;
  readonly #server: Server;
  readonly #queue = new RequestQueue();
  readonly #rate: RequestRate;
  readonly #metrics: SourceMetrics;
  readonly #taken = new WeakMap<SourceBatch, Taken>();
  #closed = false;

  private constructor(config: HttpSourceConfig, context: SourceContext, server: Server) {
    this.#config = config;
    this.#context = context;
    this.#server = server;
    this.#rate = new RequestRate(config['requests.per.second.max'], context.clock);
    this.#metrics = createSourceMetrics(context.meter, () => this.#queue.records);
  }

  /** @throws RetriableError while the port is taken */
  static async start(config: HttpSourceConfig, context: SourceContext): Promise<HttpSourceTask> {
    const server = await createListener(config);
    const task = new HttpSourceTask(config, context, server);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void task.#take(request, response));
    server.maxConnections = config['connections.max'];
    server.headersTimeout = HEADERS_TIMEOUT_MS;
    server.requestTimeout = REQUEST_TIMEOUT_MS;
    await listen(server, config);
    const { port } = server.address() as AddressInfo;
    const scheme = config['tls.key.file'] === undefined ? 'http' : 'https';
    const host = config.host.includes(':') ? `[${config.host}]` : config.host;
    context.signalStatus(`listens at ${scheme}://${host}:${port}${config.path}`);
    return task;
  }

  async poll(signal: AbortSignal): Promise<SourceBatch | undefined> {
    const { scheduler, limits } = this.#context;
    await this.#queue.ready(signal, (done) => {
      const timer = scheduler.after(POLL_WAIT_MS, done);
      return () => timer.cancel();
    });
    if (signal.aborted || this.#closed) return undefined;
    const taken = this.#queue.take(limits.maxRecords, limits.maxBytes);
    if (taken === undefined) return undefined;
    const batch: SourceBatch = { records: taken.records, positions: [] };
    this.#taken.set(batch, taken);
    return batch;
  }

  written(batch: SourceBatch): Promise<void> {
    const taken = this.#taken.get(batch);
    if (taken !== undefined) this.#queue.written(taken);
    this.#metrics.records.add(batch.records.length);
    return Promise.resolve();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // Whoever waits hears that nothing is known, and sends again.
    this.#queue.close();
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const timer = this.#context.scheduler.after(POLL_WAIT_MS, () => this.#server.closeAllConnections());
    await closed;
    timer.cancel();
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let reserved = 0;
    try {
      this.#admit(request);
      const body = await readBody(request, this.#config['body.max.bytes'], (bytes) => {
        if (this.#queue.bytes + bytes > this.#config['queue.max.bytes']) throw this.#full();
        this.#queue.reserve(bytes);
        reserved += bytes;
      });
      checkSignature(request.headers, body, this.#config);
      const records = recordsOf(request.headers, body, this.#config);
      if (this.#queue.records + records.length > this.#config['queue.max.records']) throw this.#full();
      const bytes = reserved;
      reserved = 0;
      const outcome = records.length === 0 ? this.#nothing(bytes) : await this.#written(records, bytes);
      if (outcome === 'unknown') throw new Refusal(503, 'not known to be written; send it again', RETRY_SOON);
      this.#answer(response, 200, { records: records.length });
    } catch (error) {
      this.#queue.reserve(-reserved);
      this.#refuse(response, error);
    }
  }

  #nothing(bytes: number): Outcome {
    this.#queue.reserve(-bytes);
    return 'written';
  }

  /** What can be said before the body is read. */
  #admit(request: IncomingMessage): void {
    const [path] = (request.url ?? '').split('?');
    if (path !== this.#config.path) throw new Refusal(404, `there is only ${this.#config.path}`);
    if (request.method !== 'POST') throw new Refusal(405, `${request.method ?? ''} is not POST`, { allow: 'POST' });
    if (this.#closed) throw new Refusal(503, 'the connector ends', RETRY_SOON);
    if (!this.#rate.take()) {
      throw new Refusal(429, `more than ${this.#config['requests.per.second.max']} requests in a second`, RETRY_SOON);
    }
    checkToken(request.headers, this.#config);
    contentType(request.headers, this.#config);
    if (this.#queue.records >= this.#config['queue.max.records']) throw this.#full();
  }

  #full(): Refusal {
    const { 'queue.max.records': records, 'queue.max.bytes': bytes } = this.#config;
    return new Refusal(
      503,
      `the queue is full: ${this.#queue.records} of ${records} records, ${this.#queue.bytes} of ${bytes} bytes`,
      RETRY_SOON,
    );
  }

  #written(records: Taken['records'], bytes: number): Promise<Outcome> {
    return new Promise((resolve) => {
      const timer = this.#context.scheduler.after(this.#config['acknowledge.timeout.ms'], () => resolve('unknown'));
      const settle = (outcome: Outcome): void => {
        timer.cancel();
        resolve(outcome);
      };
      if (this.#closed) {
        this.#queue.reserve(-bytes);
        settle('unknown');
      } else this.#queue.add({ records, bytes, settle });
    });
  }

  #refuse(response: ServerResponse, error: unknown): void {
    if (response.headersSent || response.destroyed) return;
    const refusal = error instanceof Refusal ? error : new Refusal(500, 'the request could not be read', { connection: 'close' });
    if (!(error instanceof Refusal)) this.#context.logger.debug('a request broke off', { cause: String(error) });
    for (const [name, value] of Object.entries(refusal.headers)) response.setHeader(name, value);
    this.#answer(response, refusal.status, { error: refusal.message });
  }

  #answer(response: ServerResponse, status: number, body: object): void {
    this.#metrics.requests.with(String(status)).add(1);
    if (response.destroyed) return;
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(`${JSON.stringify(body)}\n`);
  }
}

async function createListener(config: HttpSourceConfig): Promise<Server> {
  const { 'tls.certificate.file': certificate, 'tls.key.file': key } = config;
  if (certificate === undefined || key === undefined) return createServer();
  const [cert, privateKey] = await Promise.all([readFile(certificate), readFile(key)]);
  return createTlsServer({ cert, key: privateKey });
}

async function listen(server: Server, { port, host }: HttpSourceConfig): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    // Another process may leave the port: that of the task's former place, first of all.
    throw new RetriableError(`port ${port} of ${host}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
