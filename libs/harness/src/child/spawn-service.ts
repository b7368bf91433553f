import { fileURLToPath } from 'node:url';
import { type Child, startChild } from './child-process.ts';

/** Longest start of a service that waits for nobody else. */
const READY_TIMEOUT_MS = 30_000;
const POLL_MS = 50;

export interface ServiceSpawnOptions {
  readonly service: 'broker' | 'coordinator' | 'connector-worker';
  /** Settings as flags. */
  readonly flags: readonly string[];
  /** Port of its admin HTTP server, where readiness is asked for. */
  readonly adminPort: number;
  /** The script to run; default: the source. */
  readonly main?: string | undefined;
}

/** A service in a process of its own, over ports that the caller has chosen. */
export interface SpawnedService extends AsyncDisposable {
  readonly process: Child;
  /** Waits until /readyz says so. */
  ready(timeoutMs?: number): Promise<void>;
  stop(): Promise<number | null>;
}

/** Starts a service on the Node that runs this code. */
export function spawnService(options: ServiceSpawnOptions): SpawnedService {
  const main = options.main ?? fileURLToPath(new URL(`../../../../apps/${options.service}/src/main.ts`, import.meta.url));
  const flags = ['--admin-host', '127.0.0.1', '--admin-port', String(options.adminPort), ...options.flags];
  const child = startChild({ command: process.execPath, arguments: [main, ...flags] });
  const stop = async (): Promise<number | null> => (await child.stop()).code;
  return {
    process: child,
    ready: (timeoutMs = READY_TIMEOUT_MS) => untilReady(child, `http://127.0.0.1:${options.adminPort}/readyz`, timeoutMs),
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  };
}

async function untilReady(child: Child, url: string, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let last = 'it did not answer';
  let ended = false;
  void child.ended.then(() => (ended = true));
  while (performance.now() < deadline && !ended) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(POLL_MS * 20) });
      if (response.ok) return;
      last = await response.text();
    } catch {
      // It does not listen yet.
    }
    await new Promise((wake) => setTimeout(wake, POLL_MS));
  }
  throw new Error(`${url} is not ready: ${last}\nstdout: ${child.stdout()}\nstderr: ${child.stderr()}`);
}
