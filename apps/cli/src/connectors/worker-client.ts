import { isErrorName, MoldauError } from '@moldau/kernel';

/** Between two attempts while the workers' leader changes. */
const RETRY_PAUSE_MS = 300;
/** A worker's error by its name in Moldau's catalogue, beside Kafka's error body. */
const ERROR_HEADER = 'moldau-error';

export interface RunStatus {
  readonly state: string;
  readonly worker_id: string;
  readonly trace?: string;
}

export interface ConnectorStatus {
  readonly name: string;
  readonly connector: RunStatus;
  readonly tasks: readonly (RunStatus & { readonly id: number })[];
  readonly type: string;
}

export interface ConnectorInfo {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
  readonly type: string;
}

export interface WorkerAnswer<Body> {
  readonly status: number;
  readonly body: Body;
}

/** A worker's REST API, as commands use it. */
export class WorkerClient {
  readonly #worker: string;
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal;

  constructor(options: { readonly worker: string; readonly timeout: number }, signal: AbortSignal) {
    this.#worker = options.worker;
    this.#timeoutMs = options.timeout;
    this.#signal = signal;
  }

  /**
   * Calls, and again while the workers elect a leader.
   *
   * @throws MoldauError SERVER_UNREACHABLE, and what the worker says
   */
  async call<Body>(method: string, path: string, body?: unknown): Promise<WorkerAnswer<Body>> {
    const deadline = performance.now() + this.#timeoutMs;
    for (;;) {
      try {
        return await this.#once<Body>(method, path, body);
      } catch (error) {
        const isBusy = error instanceof MoldauError && (error.reason === 'REBALANCE_IN_PROGRESS' || error.reason === 'CONNECT_NOT_READY');
        if (!isBusy || performance.now() + RETRY_PAUSE_MS > deadline || this.#signal.aborted) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE_MS));
      }
    }
  }

  async #once<Body>(method: string, path: string, body: unknown): Promise<WorkerAnswer<Body>> {
    const base = /^https?:\/\//.test(this.#worker) ? this.#worker : `http://${this.#worker}`;
    const [response, text] = await this.#fetch(new URL(path, base), method, body);
    const parsed = parse(text);
    if (response.ok) return { status: response.status, body: parsed as Body };
    const { message } = (parsed ?? {}) as { readonly message?: string };
    const reason = response.headers.get(ERROR_HEADER) ?? '';
    if (!isErrorName(reason)) throw this.#unreachable(`answers ${response.status} and is no connector worker of Moldau`);
    throw new MoldauError(reason, message ?? `HTTP ${response.status}`, { worker: this.#worker });
  }

  async #fetch(url: URL, method: string, body: unknown): Promise<readonly [Response, string]> {
    try {
      const response = await fetch(url, {
        method,
        signal: AbortSignal.any([this.#signal, AbortSignal.timeout(this.#timeoutMs)]),
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      return [response, await response.text()];
    } catch (cause) {
      throw this.#unreachable('does not answer', cause);
    }
  }

  #unreachable(what: string, cause?: unknown): MoldauError {
    return new MoldauError('SERVER_UNREACHABLE', `${this.#worker} ${what}`, { worker: this.#worker }, { cause });
  }
}

function parse(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
