import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** The most output of one child that is kept; of more the beginning is dropped. */
const OUTPUT_CHARS_MAX = 1_000_000;
/** Between asking a child to end and killing it. */
const STOP_GRACE_MS = 35_000;

export interface ChildOptions {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
}

/** How a child ended: an exit code or a signal. */
export interface ChildEnding {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that a test started. It never outlives the test's process. */
export interface Child extends AsyncDisposable {
  readonly pid: number;
  /** What it has written so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves with the first line of stdout that `matches`; rejects when the child ends or `timeoutMs` passes before. */
  line(matches: (line: string) => boolean, timeoutMs: number): Promise<string>;
  /** Sends a signal; nothing happens when it has ended. */
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<ChildEnding>;
  /** Asks it to end (SIGTERM), kills it after a grace, and waits. */
  stop(): Promise<ChildEnding>;
}

/** Children that run now: killed when this process ends. */
const running = new Set<ChildProcess>();
let guarded = false;

/** Starts a process with its output kept. */
export function startChild(options: ChildOptions): Child {
  const child = spawn(options.command, options.arguments, {
    cwd: options.workingDirectory,
    env: { ...inheritedEnvironment(), ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  guard(child);
  const output = { stdout: '', stderr: '' };
  keep(child, 'stdout', output);
  keep(child, 'stderr', output);
  const ended = new Promise<ChildEnding>((resolve) => {
    child.once('error', (error) => {
      output.stderr += `${error.message}\n`;
      resolve({ code: 127, signal: null });
    });
    // `close`, not `exit`: its last words have been read by then.
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  void ended.then(() => running.delete(child));

  const stop = async (): Promise<ChildEnding> => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
    const ending = await ended;
    clearTimeout(timer);
    return ending;
  };
  return {
    pid: child.pid ?? -1,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    line: (matches, timeoutMs) => findLine(child, output, ended, matches, timeoutMs),
    kill: (signal) => void child.kill(signal),
    ended,
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  };
}

/** The environment of this process without settings of Moldau: a child has only those its test gives it. */
function inheritedEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MOLDAU_') || name === RUN_MARKER));
}

/** By this the repository's tools find processes that a run left behind. */
const RUN_MARKER = 'MOLDAU_RUN';

function guard(child: ChildProcess): void {
  running.add(child);
  if (guarded) return;
  guarded = true;
  process.once('exit', () => {
    for (const left of running) left.kill('SIGKILL');
  });
}

function keep(child: ChildProcess, stream: 'stdout' | 'stderr', output: Record<'stdout' | 'stderr', string>): void {
  child[stream]?.setEncoding('utf8').on('data', (chunk: string) => {
    output[stream] = (output[stream] + chunk).slice(-OUTPUT_CHARS_MAX);
  });
}

async function findLine(
  child: ChildProcess,
  output: { readonly stdout: string; readonly stderr: string },
  ended: Promise<ChildEnding>,
  matches: (line: string) => boolean,
  timeoutMs: number,
): Promise<string> {
  const gone = new AbortController();
  void ended.then(() => gone.abort());
  const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(timeoutMs)]);
  for (;;) {
    const line = output.stdout.split('\n').slice(0, -1).find(matches);
    if (line !== undefined) return line;
    if (signal.aborted || child.stdout === null) throw unanswered(output, gone.signal.aborted, timeoutMs);
    await once(child.stdout, 'data', { signal }).catch(() => {});
  }
}

function unanswered(output: { readonly stdout: string; readonly stderr: string }, ended: boolean, timeoutMs: number): Error {
  const what = ended ? 'the process ended before it said what was waited for' : `the process did not say it within ${timeoutMs} ms`;
  return new Error(`${what}\nstdout: ${output.stdout}\nstderr: ${output.stderr}`);
}
