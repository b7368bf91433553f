import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { declaredDependencies, neededDependencies } from '../workspace/imports.ts';
import { type Project, REPOSITORY_ROOT, readProjects } from '../workspace/projects.ts';

/**
 * `npm run declare`: writes the workspace packages that each project imports into its package.json, and into the lockfile,
 * which needs nothing from a registry for that. Packages of the registry stay as they are.
 */

type Versions = Readonly<Record<string, string>>;
type Field = 'dependencies' | 'devDependencies';
/** A manifest, or a project's entry in the lockfile. */
type Dependent = { [Key in Field]?: Versions };

const FIELDS: readonly Field[] = ['dependencies', 'devDependencies'];

function update(path: string, change: (content: Record<string, unknown>) => void): void {
  const absolute = join(REPOSITORY_ROOT, path);
  const content = JSON.parse(readFileSync(absolute, 'utf8')) as Record<string, unknown>;
  change(content);
  writeFileSync(absolute, `${JSON.stringify(content, undefined, 2)}\n`);
}

/** The versions with the needed workspace packages in place of those they had. */
function rewritten(versions: Versions, project: Project, field: Field): Versions {
  const kept = Object.entries(versions).filter(([name]) => !name.startsWith('@moldau/'));
  const needed = neededDependencies(project)[field].map((name) => [name, project.manifest.version] as const);
  return Object.fromEntries([...kept, ...needed].sort(([left], [right]) => (left < right ? -1 : 1)));
}

function assignFields(target: Dependent, project: Project): void {
  for (const field of FIELDS) {
    const versions = rewritten(target[field] ?? {}, project, field);
    if (Object.keys(versions).length === 0) delete target[field];
    else target[field] = versions;
  }
}

for (const project of readProjects()) {
  if (JSON.stringify(declaredDependencies(project.manifest)) !== JSON.stringify(neededDependencies(project))) {
    update(`${project.folder}/package.json`, (manifest) => assignFields(manifest, project));
    process.stdout.write(`${project.folder}: updated\n`);
  }
  update('package-lock.json', (lock) => assignFields((lock['packages'] as Record<string, Dependent>)[project.folder] ?? {}, project));
}
