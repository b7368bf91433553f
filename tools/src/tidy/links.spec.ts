import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPOSITORY_ROOT } from '../workspace/projects.ts';
import { readText, repositoryFiles } from './repository-files.ts';

const pages = repositoryFiles().filter((path) => path.endsWith('.md'));

/** The page without its blocks and spans of code, in which brackets mean something else. */
function prose(path: string): string {
  return readText(path)
    .replace(/^```.*?^```/gms, '')
    .replace(/`[^`\n]*`/g, '');
}

function linksOf(path: string): readonly string[] {
  return [...prose(path).matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g)].flatMap(([, target]) => (target === undefined ? [] : [target]));
}

/** Anchors as GitHub makes them of headings. */
function anchorsOf(path: string): ReadonlySet<string> {
  const headings = [
    ...readText(path)
      .replace(/^```.*?^```/gms, '')
      .matchAll(/^#{1,6} (.+)$/gm),
  ].map(([, heading]) => heading ?? '');
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replace(/\s/g, '-'),
    ),
  );
}

function fault(page: string, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [file = '', anchor] = link.split('#');
  const target = file === '' ? page : normalize(join(dirname(page), file));
  if (target.startsWith('..')) return 'leaves the repository';
  if (!existsSync(join(REPOSITORY_ROOT, target))) return 'leads nowhere';
  if (anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).has(anchor)) return 'names a heading that is not there';
  return undefined;
}

describe('links between pages', () => {
  it.each(pages)('%s', (page) => {
    const broken = linksOf(page).flatMap((link) => fault(page, link)?.concat(': ', link) ?? []);
    expect(broken).toEqual([]);
  });

  it('a page is found wanting when its link leads nowhere, or to a heading that is not there', () => {
    expect(fault('docs/errors.md', 'nowhere.md')).toBe('leads nowhere');
    expect(fault('docs/errors.md', '#no_such_error')).toBe('names a heading that is not there');
    expect(fault('docs/errors.md', '#unknown_topic')).toBeUndefined();
  });
});
