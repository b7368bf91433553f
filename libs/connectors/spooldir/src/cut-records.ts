/** Index of the newline that ends the record which begins at `from`; −1 if it is not in the buffer yet. */
export type FindEnd = (buffer: Buffer, from: number) => number;

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** A record is what stands before a newline. */
export const lineEnd: FindEnd = (buffer, from) => buffer.indexOf(NEWLINE, from);

/** The bytes of a record without the carriage return that may stand before its newline. */
export function withoutReturn(buffer: Buffer, from: number, end: number): Buffer {
  const last = end > from && buffer[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
  return buffer.subarray(from, last);
}

/** How many newlines stand there. */
export function countNewlines(buffer: Buffer, from: number, end: number): number {
  let count = 0;
  for (let at = buffer.indexOf(NEWLINE, from); at >= 0 && at < end; at = buffer.indexOf(NEWLINE, at + 1)) count += 1;
  return count;
}
