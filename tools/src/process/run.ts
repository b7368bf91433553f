import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { REPOSITORY_ROOT } from '../workspace/projects.ts';
import { killMarked, MARKER_VARIABLE, withMarker } from './stragglers.ts';

/** The most output of one child that is kept, in characters; of more the beginning is dropped. */
const OUTPUT_CHARS_MAX = 4_000_000;
/** Between asking a process group to end and killing it. */
const GRACE_MS = 5_000;
/** Longest wait for the rest of the output after the child has ended. */
const DRAIN_MS_MAX = 2_000;

export interface RunOptions {
  readonly command: string;
  readonly arguments: readonly string[];
  /** The child and all it started are killed after this. */
  readonly timeoutMs: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** `capture`: only kept. `inherit`: straight to this process's own output. */
  readonly output?: 'capture' | 'inherit';
}

export interface RunResult {
  /** Exit status; 128 + signal where a signal ended it, as shells say. */
  readonly status: number;
  readonly timedOut: boolean;
  /** stdout and stderr as they came; empty with `inherit`. */
  readonly output: string;
  /** Commands of processes that the child left behind and that were killed. */
  readonly stragglers: readonly string[];
}

/** Runs a child to its end, or its time limit, and leaves no process of it behind. Never rejects: a child that can't start has status 127. */
export async function run(options: RunOptions): Promise<RunResult> {
  const marker = randomUUID();
  const child = spawn(options.command, options.arguments, {
    cwd: REPOSITORY_ROOT,
    env: { ...process.env, ...options.environment, [MARKER_VARIABLE]: withMarker(process.env[MARKER_VARIABLE], marker) },
    stdio: ['ignore', ...(options.output === 'inherit' ? (['inherit', 'inherit'] as const) : (['pipe', 'pipe'] as const))],
    // Its own process group, so that one signal reaches all it started.
    detached: true,
  });
  const output = capture(child);
  const closed = new Promise<void>((done) => child.once('close', () => done()));
  const ending = await settle(child, options.timeoutMs);
  const stragglers = await killMarked(marker);
  // What the child wrote last may still be on its way.
  await Promise.race([closed, sleep(DRAIN_MS_MAX, undefined, { ref: false })]);
  return { ...ending, output: output(), stragglers };
}

/** The Node that runs this file, for running a script of the repository or of a package. */
export function runNode(script: string, options: Omit<RunOptions, 'command'>): Promise<RunResult> {
  return run({ ...options, command: process.execPath, arguments: [script, ...options.arguments] });
}

function capture(child: ChildProcess): () => string {
  let text = '';
  const keep = (chunk: string): void => {
    text = (text + chunk).slice(-OUTPUT_CHARS_MAX);
  };
  child.stdout?.setEncoding('utf8').on('data', keep);
  child.stderr?.setEncoding('utf8').on('data', keep);
  return () => text;
}

function settle(child: ChildProcess, timeoutMs: number): Promise<Pick<RunResult, 'status' | 'timedOut'>> {
  return new Promise((done) => {
    let timedOut = false;
    const forward = (signal: NodeJS.Signals): void => signalGroup(child, signal);
    const timer = setTimeout(() => {
      timedOut = true;
      signalGroup(child, 'SIGTERM');
      setTimeout(() => signalGroup(child, 'SIGKILL'), GRACE_MS).unref();
    }, timeoutMs);
    const finish = (status: number): void => {
      clearTimeout(timer);
      for (const signal of FORWARDED) process.off(signal, forward);
      done({ status, timedOut });
    };
    for (const signal of FORWARDED) process.on(signal, forward);
    child.once('error', () => finish(STATUS_NOT_STARTED));
    // `exit`, not `close`: a straggler that holds the pipe open must not keep us waiting.
    child.once('exit', (code, signal) => finish(code ?? (signal === null ? 1 : STATUS_SIGNALLED)));
  });
}

/** A child in its own group does not get the terminal's signals: this process passes them on. */
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const STATUS_NOT_STARTED = 127;
const STATUS_SIGNALLED = 128;

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group has ended already.
  }
}
