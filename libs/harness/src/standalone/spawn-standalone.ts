import { fileURLToPath } from 'node:url';
import { type Child, startChild } from '../child/child-process.ts';
import { type ScratchDirectory, scratchDirectory } from '../scratch-directory.ts';

/** Longest start, recovery included, that a test waits for. */
const READY_TIMEOUT_MS = 60_000;

const MAIN = fileURLToPath(new URL('../../../../apps/standalone/src/main.ts', import.meta.url));

export interface SpawnOptions {
  /** Default: a scratch directory, removed on `dispose`. */
  readonly dataDir?: string;
  /** Default 0: a free one. */
  readonly port?: number;
  readonly adminPort?: number;
  /** Further settings as flags, for example `['--log-level', 'info']`. */
  readonly flags?: readonly string[];
  /** Options for Node itself, for example `['--cpu-prof']`. */
  readonly nodeFlags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Longest wait for readiness; default 60 s. */
  readonly readyTimeoutMs?: number;
}

/** What standalone says of itself once it is ready. */
export interface ReadyLine {
  /** `host:port` that clients are told. */
  readonly address: string;
  /** `host:port` that it listens on. */
  readonly listenAddress: string;
  /** `host:port` of the admin HTTP server. */
  readonly adminAddress: string;
  readonly clusterId: string;
  readonly brokerId: number;
  readonly dataDir: string;
  readonly startupMs: number;
}

/** A standalone in a process of its own. */
export interface SpawnedStandalone extends AsyncDisposable, ReadyLine {
  /** The living process; another one after `restart`. */
  readonly process: Child;
  /** From spawning the process to its ready line, in ms. */
  readonly spawnToReadyMs: number;
  /** kill -9, and waits for the end. */
  kill(): Promise<void>;
  /** SIGTERM, and waits for the end; answers with the exit code. */
  stop(): Promise<number | null>;
  /** Starts again over the same data and on the same ports. */
  restart(): Promise<void>;
  /** Stops it and removes the scratch directory. */
  dispose(): Promise<void>;
}

/** Starts standalone on the Node that runs this code, and waits until it is ready. */
export async function spawnStandalone(options: SpawnOptions = {}): Promise<SpawnedStandalone> {
  const scratch: ScratchDirectory | undefined = options.dataDir === undefined ? scratchDirectory('standalone') : undefined;
  const dataDir = options.dataDir ?? `${scratch?.path}/data`;
  let started = await start({ ...options, dataDir }).catch((error: unknown) => {
    scratch?.remove();
    throw error;
  });
  const { ready } = started;
  const ports = { port: portOf(ready.listenAddress), adminPort: portOf(ready.adminAddress) };
  const dispose = async (): Promise<void> => {
    await started.child.stop();
    scratch?.remove();
  };
  return {
    ...ready,
    get process(): Child {
      return started.child;
    },
    get spawnToReadyMs(): number {
      return started.spawnToReadyMs;
    },
    async kill(): Promise<void> {
      started.child.kill('SIGKILL');
      await started.child.ended;
    },
    stop: async () => (await started.child.stop()).code,
    async restart(): Promise<void> {
      await started.child.stop();
      started = await start({ ...options, ...ports, dataDir });
    },
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}

/** Starts standalone without waiting for readiness: for starts that fail. */
export function spawnStandaloneProcess(options: SpawnOptions & { readonly dataDir: string }): Child {
  const flags = ['--data-dir', options.dataDir, '--port', String(options.port ?? 0), '--admin-port', String(options.adminPort ?? 0)];
  return startChild({
    command: process.execPath,
    arguments: [...(options.nodeFlags ?? []), MAIN, ...flags, '--output', 'json', ...(options.flags ?? [])],
    ...(options.environment === undefined ? {} : { environment: options.environment }),
  });
}

interface Started {
  readonly child: Child;
  readonly ready: ReadyLine;
  readonly spawnToReadyMs: number;
}

async function start(options: SpawnOptions & { readonly dataDir: string }): Promise<Started> {
  const begin = performance.now();
  const child = spawnStandaloneProcess(options);
  try {
    const line = await child.line((text) => text.startsWith('{'), options.readyTimeoutMs ?? READY_TIMEOUT_MS);
    return { child, ready: JSON.parse(line) as ReadyLine, spawnToReadyMs: performance.now() - begin };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}
