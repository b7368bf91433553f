import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 15_000;
/** Another quickstart may still be up and hold its directory; then this one takes the next. */
const DIRECTORIES_MAX = 8;
const EXIT_REFUSED = 4;

/** A standalone Moldau that runs as a process of its own. */
export interface StandaloneProcess {
  readonly bootstrap: string;
  readonly adminAddress: string;
  readonly dataDirectory: string;
  readonly readyMs: number;
  /** Resolves when the process has ended, for whatever reason. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** The line `moldau standalone -o json` prints when it is ready. */
interface ReadyLine {
  readonly address: string;
  readonly adminAddress: string;
}

/** Starts one on the usual ports where they are free, else on any, with data below `parent`. */
export async function startStandalone(root: string, parent: string): Promise<StandaloneProcess> {
  mkdirSync(parent, { recursive: true });
  for (let attempt = 1; attempt <= DIRECTORIES_MAX; attempt++) {
    const dataDirectory = join(parent, attempt === 1 ? 'quickstart' : `quickstart-${attempt}`);
    const started = await tryStart(root, dataDirectory);
    if (started !== undefined) return started;
  }
  throw new Error(`${DIRECTORIES_MAX} data directories below ${parent} are in use`);
}

async function tryStart(root: string, dataDirectory: string): Promise<StandaloneProcess | undefined> {
  const port = (await isFree(9092)) ? '9092' : '0';
  const adminPort = (await isFree(9094)) ? '9094' : '0';
  const startedAt = performance.now();
  const child = spawn(
    process.execPath,
    [
      join(root, 'apps/cli/bin/moldau.js'),
      'standalone',
      '--data',
      dataDirectory,
      '--port',
      port,
      '--admin-port',
      adminPort,
      '--output',
      'json',
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const errors: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => void errors.push(text));
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const ready = await firstOf(readyLine(child), exited, child);
  if (ready !== undefined) {
    return {
      bootstrap: ready.address,
      adminAddress: ready.adminAddress,
      dataDirectory,
      readyMs: performance.now() - startedAt,
      ended: exited.then(() => undefined),
      stop: () => stop(child, exited),
    };
  }
  if ((await exited) === EXIT_REFUSED && errors.join('').includes('DATA_DIRECTORY_LOCKED')) return undefined;
  throw new Error(`moldau standalone did not start:\n${errors.join('')}`);
}

async function firstOf(line: Promise<ReadyLine>, exited: Promise<number | null>, child: ChildProcess): Promise<ReadyLine | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      child.kill('SIGKILL');
      resolve(undefined);
    }, READY_WITHIN_MS);
  });
  try {
    return await Promise.race([line, exited.then(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}

function readyLine(child: ChildProcess): Promise<ReadyLine> {
  return new Promise((resolve) => {
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const ready = parseReadyLine(line);
      if (ready !== undefined) resolve(ready);
    });
  });
}

function parseReadyLine(line: string): ReadyLine | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('address' in value) || !('adminAddress' in value)) return undefined;
    return { address: String(value.address), adminAddress: String(value.adminAddress) };
  } catch {
    return undefined; // a log line that is no JSON
  }
}

async function stop(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await exited;
  clearTimeout(timer);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
