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
  /** Signals go to all that it started too, as a terminal's Ctrl-C does; for shells and npm, which don't pass them on. Default false. */
  readonly ownGroup?: boolean;
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
const running = new Map<ChildProcess, () => void>();
let guarded = false;

/** Starts a process with its output kept. */
export function startChild(options: ChildOptions): Child {
  const child = spawn(options.command, options.arguments, {
    cwd: options.workingDirectory,
    env: { ...inheritedEnvironment(), ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: options.ownGroup === true,
  });
  const send = (signal: NodeJS.Signals): void => signalTo(child, signal, options.ownGroup === true);
  guard(child, () => send('SIGKILL'));
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
    send('SIGTERM');
    const timer = setTimeout(() => send('SIGKILL'), STOP_GRACE_MS);
    const ending = await ended;
    clearTimeout(timer);
    return ending;
  };
  return {
    pid: child.pid ?? -1,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    line: (matches, timeoutMs) => findLine(child, output, ended, matches, timeoutMs),
    kill: send,
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
const RUN_MARKER = 'TEST_RUN_MARKER';

function signalTo(child: ChildProcess, signal: NodeJS.Signals, group: boolean): void {
  if (!group || child.pid === undefined) return void child.kill(signal);
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error; // all of them have ended
  }
}

function guard(child: ChildProcess, kill: () => void): void {
  running.set(child, kill);
  if (guarded) return;
  guarded = true;
  process.once('exit', () => {
    for (const kill of running.values()) kill();
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
