import { glob } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Pattern } from '@moldau/connect';

/** Files that one task follows at most: each has an open descriptor. */
export const FILES_MAX = 1_000;
/** Characters that make a path a pattern. */
const MAGIC = /[*?[\]{}!]/;

/** Whether this names one file and no pattern of names. */
export function isPath(pattern: string): boolean {
  return !MAGIC.test(pattern);
}

/**
 * Paths that the patterns name: those without a wildcard whether they exist or not, and what matches the others now but is
 * a rotated file of another match. Sorted, at most `most` of them.
 */
export async function matchingFiles(patterns: readonly string[], rotated: Pattern, most = FILES_MAX): Promise<readonly string[]> {
  const plain = patterns.filter(isPath);
  const found = new Set<string>(plain);
  for (const pattern of patterns) {
    if (isPath(pattern)) continue;
    for await (const entry of glob(pattern, { withFileTypes: true })) {
      if (entry.isFile()) found.add(`${entry.parentPath}/${entry.name}`);
    }
  }
  const names = [...found].filter((path) => !isRotated(path, found, rotated));
  return names.sort().slice(0, most);
}

function isRotated(path: string, among: ReadonlySet<string>, rotated: Pattern): boolean {
  const name = basename(path);
  // The name that it had is its beginning: as many are tried as it has characters.
  for (let length = name.length - 1; length > 0; length -= 1) {
    if (rotated.finds(name.slice(length)) && among.has(`${dirname(path)}/${name.slice(0, length)}`)) return true;
  }
  return false;
}
