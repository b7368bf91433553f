import { Readable } from 'node:stream';
import { run } from '../run.ts';
import type { Terminal } from '../terminal.ts';

/** What a command left. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface InvocationOptions {
  /** Standard input; default empty. */
  readonly input?: string;
  /** Ctrl-C. */
  readonly signal?: AbortSignal;
  /** Called with each piece of standard output. */
  readonly onOutput?: (text: string) => void;
}

/** Runs one command line in this process, with pipes in place of a terminal. */
export async function moldau(argv: readonly string[], options: InvocationOptions = {}): Promise<Outcome> {
  const out: Buffer[] = [];
  const err: string[] = [];
  const terminal: Terminal = {
    input: Readable.from([Buffer.from(options.input ?? '')]),
    async write(chunk): Promise<void> {
      out.push(Buffer.from(chunk));
      options.onOutput?.(Buffer.from(chunk).toString());
    },
    note: (line) => void err.push(`${line}\n`),
    draw: (text) => void err.push(text),
    interactive: false,
    columns: 80,
    signal: options.signal ?? new AbortController().signal,
  };
  const code = await run(argv, terminal);
  return { code, out: Buffer.concat(out).toString(), err: err.join('') };
}
