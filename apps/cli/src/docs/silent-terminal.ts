import { Readable } from 'node:stream';
import type { Terminal } from '../terminal.ts';

/** A terminal nobody reads: for building the program only to ask it for its help. */
export function createSilentTerminal(): Terminal {
  return {
    input: Readable.from([]),
    write: () => Promise.resolve(),
    note: () => {},
    draw: () => {},
    interactive: false,
    columns: 80,
    signal: new AbortController().signal,
  };
}
