import type { Readable } from 'node:stream';

/** The terminal or pipes a command talks to; tests pass their own. */
export interface Terminal {
  readonly input: Readable;
  /** Writes bytes or text to standard output and waits while its buffer is full. Rejects when the reader has gone. */
  write(chunk: string | Uint8Array): Promise<void>;
  /** Writes a line to standard error. */
  note(line: string): void;
  /** Writes to standard error without a line end: progress. */
  draw(text: string): void;
  /** Standard error is a terminal that a person watches: progress may be drawn, colours used. */
  readonly interactive: boolean;
  /** Width of that terminal in characters. */
  readonly columns: number;
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal;
}
