import { freePort, spawnService } from '@moldau/harness';

const START_TIMEOUT_MS = 60_000;

/** A connector-worker in a process of its own, by its REST API. */
export interface BenchWorker extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  call(method: string, path: string, body?: unknown): Promise<unknown>;
  /** kill -9, and waits for the end. */
  kill(): Promise<void>;
}

/** `main`: its script; default: the source. */
export async function startWorker(bootstrap: string, name: string, main?: string): Promise<BenchWorker> {
  const [restPort, grpcPort, adminPort] = [await freePort(), await freePort(), await freePort()];
  const hosts = ['--rest-host', '127.0.0.1', '--grpc-host', '127.0.0.1'];
  const ports = ['--rest-port', String(restPort), '--grpc-port', String(grpcPort)];
  const flags = ['--bootstrap', bootstrap, '--worker-id', name, ...hosts, ...ports];
  const service = spawnService({ service: 'connector-worker', adminPort, flags, main });
  await service.ready(START_TIMEOUT_MS);
  return {
    name,
    pid: service.process.pid,
    async call(method, path, body): Promise<unknown> {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`http://127.0.0.1:${restPort}${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return text === '' ? undefined : JSON.parse(text);
    },
    async kill(): Promise<void> {
      service.process.kill('SIGKILL');
      await service.process.ended;
    },
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
}
