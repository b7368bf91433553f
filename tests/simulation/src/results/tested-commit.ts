import { execFileSync } from 'node:child_process';

/** What a run is made of. */
const TESTED = ['libs', 'tests/simulation/src'];

/** The commit that is checked out. @throws Error when what runs is not what it says */
export function testedCommit(root: string): string {
  const git = (...args: readonly string[]): string => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--', ...TESTED);
  if (changed !== '') throw new Error(`results are of a commit; these files are not as committed:\n${changed}`);
  return git('rev-parse', '--short=10', 'HEAD');
}
