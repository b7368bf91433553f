import type { Pattern } from '@moldau/connect';
import { type Cut, type CutOptions, characterBoundary, text, withoutReturn } from './cut-lines.ts';

const NEWLINE = 0x0a;

/** Which line begins a record of several lines. */
export interface MultiLineRule {
  readonly pattern: Pattern;
  /** `start`: a line that matches begins a record. `continuation`: a line that matches belongs to the record before it. */
  readonly match: 'start' | 'continuation';
}

/**
 * Takes records of several lines from the front of the buffer. A record is known to be whole when the next one begins, so
 * the last one stays in the buffer until `last` says that nothing follows for now.
 */
export function cutMultiLine(buffer: Buffer, rule: MultiLineRule, options: CutOptions): Cut {
  const cut = new MultiLineCut(buffer, options);
  let line = 0;
  while (line < buffer.length && cut.hasRoom()) {
    const newline = buffer.indexOf(NEWLINE, line);
    if (newline < 0) break;
    const begins = rule.pattern.finds(buffer.toString('utf8', line, withoutReturn(buffer, line, newline))) === (rule.match === 'start');
    if (begins) cut.endRecordAt(line);
    line = newline + 1;
    cut.splitLong(line);
  }
  if (cut.hasRoom() && buffer.length - cut.start > options.lineBytesMax) cut.splitLong(buffer.length);
  if (options.last && cut.hasRoom()) cut.endRecordAt(line);
  return { lines: cut.lines, consumed: cut.start, pieces: cut.pieces };
}

class MultiLineCut {
  readonly lines: (string | Uint8Array)[] = [];
  pieces = 0;
  /** Where the record that is being put together begins. */
  start = 0;
  readonly #buffer: Buffer;
  readonly #options: CutOptions;

  constructor(buffer: Buffer, options: CutOptions) {
    this.#buffer = buffer;
    this.#options = options;
  }

  hasRoom(): boolean {
    return this.lines.length < this.#options.recordsMax && (this.start < this.#options.bytesMax || this.lines.length === 0);
  }

  /** The record ends before `end`, where its last newline stands. */
  endRecordAt(end: number): void {
    if (end <= this.start) return;
    const stop = withoutReturn(this.#buffer, this.start, end - 1);
    this.lines.push(text(this.#buffer, this.start, stop, this.#options.asBytes));
    this.start = end;
  }

  /** Of a record that has grown too long up to `end`, the front goes out as pieces. */
  splitLong(end: number): void {
    while (end - 1 - this.start > this.#options.lineBytesMax && this.hasRoom()) {
      const stop = characterBoundary(this.#buffer, this.start, this.start + this.#options.lineBytesMax);
      this.lines.push(text(this.#buffer, this.start, stop, this.#options.asBytes));
      this.start = stop;
      this.pieces += 1;
    }
  }
}
