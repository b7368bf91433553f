const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** A UTF-8 sequence has at most this many bytes behind its first. */
const CONTINUATION_BYTES_MAX = 3;

/** What is taken out of a buffer at most, and how. */
export interface CutOptions {
  /** Lines in one cut. */
  readonly recordsMax: number;
  /** Bytes in one cut; one line is taken whatever its size. */
  readonly bytesMax: number;
  /** A longer line is cut into pieces of this size. */
  readonly lineBytesMax: number;
  readonly asBytes: boolean;
  /** No more bytes will come: what is left is a line without its newline. */
  readonly last: boolean;
}

/** Lines without their ends, and how many bytes of the buffer they took with them. */
export interface Cut {
  readonly lines: readonly (string | Uint8Array)[];
  readonly consumed: number;
  /** Lines that were longer than `lineBytesMax`: each of their pieces counts. */
  readonly pieces: number;
}

/** Takes whole lines from the front of the buffer; `\n` and `\r\n` end a line. Views of the buffer where bytes are wanted. */
export function cutLines(buffer: Buffer, options: CutOptions): Cut {
  const lines: (string | Uint8Array)[] = [];
  let pieces = 0;
  let start = 0;
  while (start < buffer.length && lines.length < options.recordsMax && (start < options.bytesMax || lines.length === 0)) {
    const newline = buffer.indexOf(NEWLINE, start);
    const end = newline < 0 ? buffer.length : withoutReturn(buffer, start, newline);
    if (end - start > options.lineBytesMax) {
      const stop = characterBoundary(buffer, start, start + options.lineBytesMax);
      lines.push(text(buffer, start, stop, options.asBytes));
      pieces += 1;
      start = stop;
    } else if (newline < 0) {
      if (!options.last) break;
      lines.push(text(buffer, start, end, options.asBytes));
      start = end;
    } else {
      lines.push(text(buffer, start, end, options.asBytes));
      start = newline + 1;
    }
  }
  return { lines, consumed: start, pieces };
}

/** The bytes as a value of a record. */
export function text(buffer: Buffer, start: number, end: number, asBytes: boolean): string | Uint8Array {
  return asBytes ? new Uint8Array(buffer.buffer, buffer.byteOffset + start, end - start) : buffer.toString('utf8', start, end);
}

/** The end of a line without the `\r` of a `\r\n`. */
export function withoutReturn(buffer: Buffer, start: number, end: number): number {
  return end > start && buffer[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
}

/** `stop`, or a little before it where it would fall into a UTF-8 sequence; never at or before `start`. */
export function characterBoundary(buffer: Buffer, start: number, stop: number): number {
  for (let back = 0; back <= CONTINUATION_BYTES_MAX && stop - back > start; back += 1) {
    if (((buffer[stop - back] ?? 0) & 0xc0) !== 0x80) return stop - back;
  }
  return stop;
}
