import { expect, it } from 'vitest';
import { repositoryFiles } from './repository-files.ts';

const scripts = repositoryFiles().filter((path) => /\.(ts|mts|js|mjs|cjs)$/.test(path));

it('files of code are named in kebab case, and so are their folders', () => {
  const kebab = /^[a-z0-9]+(-[a-z0-9]+)*$/;
  const offenders = scripts.filter((path) => {
    const parts = path.split('/');
    const stem = (parts.pop() ?? '').replace(/\.(ts|mts|js|mjs|cjs)$/, '');
    return ![...parts, ...stem.split('.')].every((part) => kebab.test(part));
  });
  expect(offenders).toEqual([]);
});

it('no file or folder is a place for anything: a thing is named after what it is', () => {
  const dump = /(^|[/.-])(utils?|common|helpers?|misc|shared|stuff)(?=[/.-]|$)/;
  expect(scripts.filter((path) => dump.test(path))).toEqual([]);
});
