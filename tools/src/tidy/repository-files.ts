import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY_ROOT } from '../workspace/projects.ts';

/** Made by tools from other files; their makers are looked after, not they. */
const GENERATED = /(^|\/)src\/gen\/|^package-lock\.json$/;

/** Every file that is, or is about to be, in the repository, but generated ones: paths with `/`, sorted. */
export function repositoryFiles(): readonly string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: REPOSITORY_ROOT,
    encoding: 'utf8',
  });
  const paths = listed.split('\0').filter((path) => path !== '' && !GENERATED.test(path));
  // A file that was removed and not yet committed is still listed.
  return [...new Set(paths)].filter((path) => existsSync(join(REPOSITORY_ROOT, path))).sort();
}

export function readText(path: string): string {
  return readFileSync(join(REPOSITORY_ROOT, path), 'utf8');
}

/** A place in a file, as editors open it. */
export interface Place {
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

/** The lines of the file that match. */
export function matchingLines(path: string, pattern: RegExp): readonly Place[] {
  return readText(path)
    .split('\n')
    .flatMap((text, index) => (pattern.test(text) ? [{ path, line: index + 1, text: text.trim() }] : []));
}

/** `path:line: text`, so that a failing test lists what to open. */
export function describePlace({ path, line, text }: Place): string {
  return `${path}:${line}: ${text}`;
}
