import { readFileSync, statSync } from 'node:fs';

/** A schema or a list is far below. */
const TEXT_FILE_BYTES_MAX = 1024 * 1024;

/** The text of a file that a setting names; read when a task starts, never while it runs. @throws Error that names the file */
export function readTextFile(path: string): string {
  const { size } = statSync(path);
  if (size > TEXT_FILE_BYTES_MAX) throw new Error(`${path} has ${size} bytes; at most ${TEXT_FILE_BYTES_MAX} are read`);
  return readFileSync(path, 'utf8');
}
