import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const LINES_MAX = 20;
const BYTES_MAX = 16 * 2 ** 10;

/** The last lines of a log, at most 20 of them and 16 KiB; none when it can't be read. */
export function lastLines(path: string): readonly string[] {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return [];
  }
  try {
    const { size } = fstatSync(file);
    const buffer = Buffer.alloc(Math.min(size, BYTES_MAX));
    const length = readSync(file, buffer, 0, buffer.length, size - buffer.length);
    const lines = buffer.toString('utf8', 0, length).trimEnd().split('\n');
    return lines.slice(-LINES_MAX).filter((line) => line !== '');
  } finally {
    closeSync(file);
  }
}
