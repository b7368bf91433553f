import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort, removeFolder, type ServerProcess, serverFolder, startServer, untilReady } from './server-process.ts';

const READY_TIMEOUT_MS = 30_000;
const BUILD_TIMEOUT_MS = 30 * 60_000;
const MODULE = resolve(import.meta.dirname, '../minio');

/** A private MinIO on the loopback. */
export interface MinioServer {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Kills it, as a crash does. */
  crash(): Promise<void>;
  /** Starts it again on the same data and port. */
  start(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

export interface MinioOptions {
  /** Builds the server with Go where it has not been built yet; that takes some minutes. Default: false. */
  readonly build?: boolean;
}

/** Why there is no MinIO here; undefined where there is one, or where one can be built if that is wanted. */
export function whyNoMinio({ build = false }: MinioOptions = {}): string | undefined {
  if (existsSync(binaryPath())) return undefined;
  if (!build) return 'MinIO has not been built: npm run test:connect builds it with Go';
  return spawnSync('go', ['version']).status === 0 ? undefined : 'Go is not installed, with which MinIO is built';
}

/** Starts a new one without any bucket. */
export async function startMinio({ build = false }: MinioOptions = {}): Promise<MinioServer> {
  if (build) buildOnce();
  const folder = serverFolder('minio');
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const credentials = { accessKeyId: 'moldau-test', secretAccessKey: 'moldau-test-secret' };
  let server: ServerProcess;
  const start = async (): Promise<void> => {
    server = startServer(binaryPath(), ['server', '--quiet', '--address', `127.0.0.1:${port}`, join(folder, 'data')], {
      MINIO_ROOT_USER: credentials.accessKeyId,
      MINIO_ROOT_PASSWORD: credentials.secretAccessKey,
      MINIO_BROWSER: 'off',
      HOME: folder,
    });
    await untilReady(server, READY_TIMEOUT_MS, async () => (await fetch(`${endpoint}/minio/health/ready`)).ok);
  };
  await start();
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    server.child.kill(signal);
    await server.ended;
  };
  return {
    endpoint,
    ...credentials,
    start,
    crash: () => end('SIGKILL'),
    stop: async () => {
      await end('SIGKILL');
      removeFolder(folder);
    },
  };
}

/** Outside the repository: it is large, and all clones may use the same. Named after what it is made of. */
function binaryPath(): string {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const content = createHash('sha256')
    .update(readFileSync(join(MODULE, 'go.sum')))
    .update(readFileSync(join(MODULE, 'main.go')));
  return join(cache, 'moldau', `minio-${content.digest('hex').slice(0, 16)}`, 'minio');
}

function buildOnce(): void {
  const binary = binaryPath();
  if (existsSync(binary)) return;
  mkdirSync(join(binary, '..'), { recursive: true });
  const part = `${binary}.${process.pid}`;
  const built = spawnSync('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', part, '.'], {
    cwd: MODULE,
    timeout: BUILD_TIMEOUT_MS,
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(`MinIO could not be built:\n${built.stderr}`);
  // Two runs may build at once: whole files only, and either will do.
  renameSync(part, binary);
}
