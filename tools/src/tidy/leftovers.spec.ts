import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { REPOSITORY_ROOT } from '../workspace/projects.ts';
import { describePlace, matchingLines, repositoryFiles } from './repository-files.ts';

const files = repositoryFiles();
const code = files.filter((path) => /\.(ts|js|mjs|cjs|proto|py|go|sh)$/.test(path) || path.startsWith('.ci/'));
const texts = files.filter((path) => /\.(ts|js|mjs|cjs|proto|py|go|sh|json|yaml|yml|md|toml)$/.test(path) || /(^|\/)[A-Z.]\w*$/.test(path));

/** This folder holds the patterns themselves. */
const notHere = (path: string): boolean => !path.startsWith('tools/src/tidy/');

function places(paths: readonly string[], pattern: RegExp): readonly string[] {
  return paths.filter(notHere).flatMap((path) => matchingLines(path, pattern).map(describePlace));
}

describe('no file keeps', () => {
  it('a mark of unfinished work', () => {
    expect(places(code, /\b(FIXME|XXX|HACK)\b/)).toEqual([]);
  });

  it('a TODO that does not say what it waits for: TODO(the thing): what to do then', () => {
    expect(places(code, /\bTODO\b(?!\([^)]{3,}\): \S)/)).toEqual([]);
  });

  it('a test that is switched off or runs alone; a test that can not run says why with context.skip', () => {
    const specs = code.filter((path) => /\.(spec|contract|bench)\.ts$/.test(path));
    expect(
      places(specs, /\b(it|test|describe|suite|bench)(\.\w+)*\.(skip|skipIf|runIf|only|todo|fails)\b|\b(xit|xdescribe|fit|fdescribe)\(/),
    ).toEqual([]);
  });

  it('a debugger statement', () => {
    expect(places(code, /^\s*debugger\b/)).toEqual([]);
  });

  it('a suppressed check without a reason, or any suppression of a size budget', () => {
    expect(places(code, /@ts-(ignore|nocheck)|@ts-expect-error(?!:? \S.{9,})/)).toEqual([]);
    expect(places(code, /eslint-disable(?!.* -- \S.{9,})/)).toEqual([]);
    expect(places(code, /eslint-disable.*(max-lines|moldau-budget)/)).toEqual([]);
    expect(places(code, /biome-ignore(?!.*: \S.{9,})/)).toEqual([]);
  });
});

it('nothing that .gitignore names is in the repository', () => {
  const tracked = execFileSync('git', ['ls-files', '--cached', '--ignored', '--exclude-standard'], {
    cwd: REPOSITORY_ROOT,
    encoding: 'utf8',
  });
  expect(tracked).toBe('');
});

describe('nothing names', () => {
  it('a path of the machine it was written on', () => {
    expect(places(texts, /(^|[\s"'`(=:])\/(work|home\/\w+|Users\/\w+|root)\/|\.\.\/shared\//)).toEqual([]);
  });

  it('the host of a package registry: which one is used is the business of whoever installs', () => {
    expect(
      places(
        [...texts, 'package-lock.json'],
        /registry\.npmjs|npm\.pkg\.github|registry\.yarnpkg|https?:\/\/[\w.:-]*(registry|artifactory|nexus|verdaccio)/,
      ),
    ).toEqual([]);
  });
});
