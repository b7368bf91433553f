import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { type PackageManifest, type Project, REPOSITORY_ROOT } from './projects.ts';

/** Tests, contracts shared by tests, microbenchmarks, and the fixtures of a library's tests. */
const TEST_FILE = /\.(spec|contract|bench)\.ts$|\/src\/testing\//;
const RESOLVED = /\bimport\.meta\.resolve\('([^']+)'\)/g;
/** Projects that nobody installs: one list of dependencies serves their sources and their specs. */
const UNPUBLISHED = /^(tests\/|examples\/|bench$|tools$)/;

/** The workspace packages that a project has to declare, sorted. */
export interface WorkspaceDependencies {
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
}

/** What the project's imports ask for. */
export function neededDependencies(project: Project): WorkspaceDependencies {
  const bySource = importedPackages(project, false);
  const byTests = importedPackages(project, true);
  const needed = UNPUBLISHED.test(project.folder) ? new Set([...bySource, ...byTests]) : bySource;
  return {
    dependencies: [...needed].filter((name) => name !== project.name).sort(),
    devDependencies: [...byTests].filter((name) => !needed.has(name) && name !== project.name).sort(),
  };
}

/** What the project's package.json says. */
export function declaredDependencies({ dependencies, devDependencies }: PackageManifest): WorkspaceDependencies {
  return { dependencies: workspaceNames(dependencies), devDependencies: workspaceNames(devDependencies) };
}

function workspaceNames(versions: Readonly<Record<string, string>> = {}): readonly string[] {
  return Object.keys(versions)
    .filter((name) => name.startsWith('@moldau/'))
    .sort();
}

function importedPackages(project: Project, isTest: boolean): ReadonlySet<string> {
  const folder = join(REPOSITORY_ROOT, project.folder);
  const files = globSync('{src,bin}/**/*.{ts,js}', { cwd: folder }).filter((path) => TEST_FILE.test(`/${path}`) === isTest);
  const specifiers = files.flatMap((path) => specifiersOf(readFileSync(join(folder, path), 'utf8')));
  return new Set(specifiers.flatMap((specifier) => /^@moldau\/[\w-]+/.exec(specifier)?.[0] ?? []));
}

/** What a file imports, or finds to import later (`import.meta.resolve('…')`). */
function specifiersOf(text: string): readonly string[] {
  const imported = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
  return [...imported, ...[...text.matchAll(RESOLVED)].map(([, specifier]) => specifier ?? '')];
}
