import { readFileSync } from 'node:fs';
import { DiskError, type ErrorName, MoldauError } from '@moldau/kernel';
import { CommanderError } from 'commander';
import { createCommandContext } from './context.ts';
import { EXIT_CODES, exitCodeOf } from './exit-code.ts';
import { createProgram } from './program.ts';
import type { Terminal } from './terminal.ts';

/** What the person at the command line can do about it. */
const HINTS: Partial<Record<ErrorName, string>> = {
  SERVER_UNREACHABLE: 'is it running? `moldau standalone --data DIR` starts one on this machine',
  ADDRESS_IN_USE: 'another port: `--port` and `--admin-port`; 0 takes a free one',
  LOSS_NOT_ACCEPTED: '`--accept-loss` goes on without them',
};

const WORKER_HINT = 'is it running? `moldau cluster up --connector-workers 1` starts one; `--worker` or MOLDAU_WORKER names it';

/** Runs one command line; resolves to the exit code. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const context = createCommandContext(terminal);
    await createProgram(context, version()).parseAsync([...argv], { from: 'user' });
    return context.exitCode;
  } catch (caught) {
    return report(caught, terminal);
  }
}

function report(caught: unknown, terminal: Terminal): number {
  if (caught instanceof CommanderError) return caught.exitCode === 0 ? EXIT_CODES.ok.code : EXIT_CODES.usage.code;
  if (terminal.signal.aborted) return EXIT_CODES.interrupted.code;
  if (isBrokenPipe(caught)) return EXIT_CODES.ok.code; // `moldau consume … | head`: the reader has what it wants
  if (caught instanceof RangeError) return fail(caught.message, terminal);
  if (caught instanceof DiskError && caught.kind === 'not-found') return fail(`there is no ${caught.path}`, terminal);
  const error = caught instanceof DiskError ? diskError(caught) : MoldauError.from(caught);
  terminal.note(`moldau: ${error.reason}: ${error.message}`);
  const facts = Object.entries(error.facts).map(([name, value]) => `${name}=${value}`);
  if (facts.length > 0) terminal.note(`        ${facts.join(' ')}`);
  const hint = error.reason === 'SERVER_UNREACHABLE' && 'worker' in error.facts ? WORKER_HINT : HINTS[error.reason];
  if (hint !== undefined) terminal.note(`        ${hint}`);
  return exitCodeOf(error);
}

function fail(message: string, terminal: Terminal): number {
  terminal.note(`moldau: ${message}`);
  return EXIT_CODES.failed.code;
}

function diskError(caught: DiskError): MoldauError {
  const reason = caught.kind === 'locked' ? 'DATA_DIRECTORY_LOCKED' : 'DATA_DIRECTORY_UNUSABLE';
  return new MoldauError(reason, caught.message, { path: caught.path }, { cause: caught });
}

function isBrokenPipe(caught: unknown): boolean {
  return caught instanceof Error && 'code' in caught && caught.code === 'EPIPE';
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown';
}
