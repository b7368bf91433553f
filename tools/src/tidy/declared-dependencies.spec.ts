import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { type Project, readProjects } from '../workspace/projects.ts';
import { readText, repositoryFiles } from './repository-files.ts';

const projects = readProjects();
const sources = repositoryFiles().filter((path) => path.endsWith('.ts'));

/** Tests, contracts shared by tests, microbenchmarks, and the fixtures of a library's tests. */
const TEST_FILE = /\.(spec|contract|bench)\.ts$|\/src\/testing\//;

/** Names of packages imported by the project's files of that kind; not of modules of Node. */
function imported(project: Project, isTest: boolean): ReadonlySet<string> {
  const own = sources.filter((path) => path.startsWith(`${project.folder}/`) && TEST_FILE.test(path) === isTest);
  const specifiers = own.flatMap((path) => ts.preProcessFile(readText(path), true, true).importedFiles.map(({ fileName }) => fileName));
  return new Set(specifiers.filter((name) => /^(@[\w-]+\/)?[a-z]/.test(name) && !name.startsWith('node:')).map(packageOf));
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function workspaceNames(names: Iterable<string>): readonly string[] {
  return [...names].filter((name) => name.startsWith('@moldau/')).sort();
}

describe.each(projects.map((project) => [project.folder, project] as const))('%s', (_folder, project) => {
  const declared = Object.keys(project.manifest.dependencies ?? {});
  const forTests = Object.keys(project.manifest.devDependencies ?? {});
  const bySource = imported(project, false);
  const byTests = imported(project, true);

  it('declares as dependencies the workspace packages that its sources import', () => {
    // Tests, benchmarks and tools are not published, so one list serves their specs as well.
    const needed = new Set(/^(tests\/|bench|tools)/.test(project.folder) ? [...bySource, ...byTests] : bySource);
    expect(workspaceNames(declared)).toEqual(workspaceNames(needed));
  });

  it('declares as development dependencies those that only its specs import', () => {
    const onlyTests = workspaceNames(byTests).filter((name) => !declared.includes(name) && name !== project.name);
    expect(workspaceNames(forTests)).toEqual(onlyTests);
  });
});
