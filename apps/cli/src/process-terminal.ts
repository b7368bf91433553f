import { once } from 'node:events';
import type { Terminal } from './terminal.ts';

const COLUMNS_DEFAULT = 80;

/** The process's own standard streams. */
export function createProcessTerminal(signal: AbortSignal): Terminal {
  const interactive = process.stderr.isTTY && process.env['NO_COLOR'] === undefined && process.env['TERM'] !== 'dumb';
  return {
    input: process.stdin,
    async write(chunk): Promise<void> {
      if (!process.stdout.write(chunk)) await once(process.stdout, 'drain', { signal });
    },
    note: (line) => void process.stderr.write(`${line}\n`),
    draw: (text) => void process.stderr.write(text),
    interactive,
    columns: process.stderr.columns ?? COLUMNS_DEFAULT,
    signal,
  };
}
