import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A private etcd server on loopback, in a scratch directory. */
export interface EtcdServer {
  readonly endpoint: string;
  /** kill -9. */
  kill(): Promise<void>;
  /** SIGSTOP: takes connections and answers nothing. */
  pause(): void;
  resume(): void;
  /** Starts again on the same port, and the same data unless `empty`. */
  restart(options?: { readonly empty?: boolean }): Promise<void>;
  stop(): Promise<void>;
}

const BINARIES = ['/usr/bin/etcd', '/usr/local/bin/etcd'];
const INSTALL_TIMEOUT_MS = 120_000;
const READY_TIMEOUT_MS = 15_000;
const READY_POLL_MS = 50;

/** Why there is no etcd here, or undefined when there is; installs Debian's when root. */
export async function whyNoEtcd(): Promise<string | undefined> {
  if (binary() !== undefined) return undefined;
  if (process.getuid?.() !== 0) return 'etcd is not installed, and only root can install it';
  try {
    await promisify(execFile)('apt-get', ['install', '-y', 'etcd-server'], { timeout: INSTALL_TIMEOUT_MS });
  } catch (error) {
    return `etcd is not installed, and apt-get install etcd-server failed: ${String(error).split('\n')[0]}`;
  }
  return binary() === undefined ? 'apt-get installed etcd-server, but there is no etcd binary' : undefined;
}

export async function startEtcd(): Promise<EtcdServer> {
  const directory = await mkdtemp(join(tmpdir(), 'moldau-etcd-'));
  const [clientPort, peerPort] = [await freePort(), await freePort()];
  const endpoint = `http://127.0.0.1:${clientPort}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  let child: ChildProcess | undefined;
  const run = async (): Promise<void> => {
    const urls = [
      '--listen-client-urls',
      endpoint,
      '--advertise-client-urls',
      endpoint,
      '--listen-peer-urls',
      peer,
      '--initial-advertise-peer-urls',
      peer,
    ];
    const parameters = ['--name', 'test', '--data-dir', join(directory, 'data'), '--initial-cluster', `test=${peer}`, ...urls];
    child = spawn(binary() ?? 'etcd', parameters, { stdio: 'ignore' });
    await ready(endpoint, child);
  };
  const kill = async (): Promise<void> => {
    const ended = child;
    child = undefined;
    if (ended === undefined || ended.exitCode !== null || ended.signalCode !== null) return;
    const exit = new Promise((resolve) => ended.once('exit', resolve));
    ended.kill('SIGKILL');
    await exit;
  };
  await run();
  return {
    endpoint,
    kill,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async restart(options) {
      if (options?.empty === true) await rm(join(directory, 'data'), { recursive: true, force: true });
      await run();
    },
    async stop() {
      await kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function binary(): string | undefined {
  return BINARIES.find((path) => existsSync(path));
}

async function ready(endpoint: string, child: ChildProcess): Promise<void> {
  const until = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < until) {
    if (child.exitCode !== null) throw new Error(`etcd ended with status ${child.exitCode}`);
    try {
      const response = await fetch(`${endpoint}/health`, { signal: AbortSignal.timeout(1_000) });
      if (((await response.json()) as { health?: string }).health === 'true') return;
    } catch {
      // Not yet.
    }
    await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
  }
  throw new Error(`etcd at ${endpoint} was not ready within ${READY_TIMEOUT_MS} ms`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (address === null || typeof address === 'string' ? reject(new Error('no port')) : resolve(address.port)));
    });
  });
}
