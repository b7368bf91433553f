import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { PROJECT_PARENTS, REPOSITORY_ROOT, readProjects } from '../workspace/projects.ts';
import { readText, repositoryFiles } from './repository-files.ts';

/** First column of the table under the heading "Folders" of docs/ARCHITECTURE.md: `libs/kernel`, `docs`… */
function foldersInTable(): readonly string[] {
  const section =
    readText('docs/ARCHITECTURE.md')
      .split(/^## /m)
      .find((part) => part.startsWith('Folders\n')) ?? '';
  return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, folder]) => folder ?? '');
}

/** Every project, and every other folder at the top that holds files of the repository. */
function foldersInTree(): readonly string[] {
  const files = repositoryFiles();
  const parents: readonly string[] = PROJECT_PARENTS;
  const projects = readProjects().map(({ folder }) => folder);
  const top = readdirSync(REPOSITORY_ROOT, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && files.some((path) => path.startsWith(`${entry.name}/`)),
  );
  const others = top.map(({ name }) => name).filter((name) => !parents.includes(name) && !projects.includes(name));
  return [...projects, ...others];
}

it('docs/ARCHITECTURE.md lists every folder that exists, and no other', () => {
  expect([...foldersInTable()].sort()).toEqual([...foldersInTree()].sort());
});
