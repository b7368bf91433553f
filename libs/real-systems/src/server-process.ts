import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Output of a server that is kept for a report of its failure, in characters. */
const OUTPUT_CHARS_MAX = 100_000;
const POLL_MS = 50;

/** A server that a test started. It ends with the test's process at the latest. */
export interface ServerProcess {
  readonly child: ChildProcess;
  /** What it said last. */
  output(): string;
  readonly ended: Promise<void>;
}

const running = new Set<ChildProcess>();
const folders = new Set<string>();
let guarded = false;

function guard(): void {
  if (guarded) return;
  guarded = true;
  process.once('exit', () => {
    for (const child of running) child.kill('SIGKILL');
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });
}

/** Starts a command, with its output kept. */
export function startServer(
  command: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): ServerProcess {
  guard();
  const child = spawn(command, parameters, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-OUTPUT_CHARS_MAX)));
  }
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      output += error.message;
      resolve();
    });
    child.once('close', () => resolve());
  });
  void ended.then(() => running.delete(child));
  return { child, output: () => output, ended };
}

/** Asks until the answer is yes. @throws Error with the server's output when it ends or takes too long */
export async function untilReady(server: ServerProcess, timeoutMs: number, isReady: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline && server.child.exitCode === null && server.child.signalCode === null) {
    if (await isReady().catch(() => false)) return;
    await new Promise((wake) => setTimeout(wake, POLL_MS));
  }
  throw new Error(`the server is not ready:\n${server.output()}`);
}

/** A new folder that is removed with the process at the latest. */
export function serverFolder(label: string): string {
  guard();
  const folder = mkdtempSync(join(tmpdir(), `moldau-${label}-`));
  folders.add(folder);
  return folder;
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  folders.delete(folder);
}

/** A port of the loopback that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (address === null || typeof address === 'string' ? reject(new Error('no port')) : resolve(address.port)));
    });
  });
}
