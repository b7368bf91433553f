import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type PackageManifest, type Project, REPOSITORY_ROOT, readJson, readProjects } from '../workspace/projects.ts';
import { readText } from './repository-files.ts';

const projects = readProjects();
const root = readJson<PackageManifest>('package.json');

/** A version and nothing else: no range, no tag, no address. */
const EXACT_VERSION = /^\d+\.\d+\.\d+(-[\w.]+)?$/;
/** Types follow the major version of what they describe. */
const TYPES_OF_NODE = '@types/node';

describe.each(projects.map((project) => [project.folder, project] as const))('%s', (folder, project) => {
  it('has a README with a title and a description', () => {
    expect(existsSync(join(REPOSITORY_ROOT, folder, 'README.md'))).toBe(true);
    const [title, ...rest] = readText(`${folder}/README.md`).trim().split('\n');
    expect(title).toMatch(/^# \S/);
    const firstParagraph = rest.join('\n').trim().split('\n\n')[0] ?? '';
    expect(firstParagraph).toMatch(/^[^#|`\s].{20,}/s);
  });

  it('has the version of the repository, its licence and a description', () => {
    const { version, license, type, description = '' } = project.manifest;
    expect({ version, license, type }).toEqual({ version: root.version, license: 'Apache-2.0', type: 'module' });
    expect(description.length).toBeGreaterThan(10);
  });

  it('names exact versions of what it depends on, and the version of the repository for its own', () => {
    expect(inexactVersions(project.manifest)).toEqual([]);
    const own = allDependencies(project.manifest).filter(([name]) => name.startsWith('@moldau/'));
    expect(own.filter(([, version]) => version !== root.version)).toEqual([]);
  });

  it('is one Nx project under the name of its package, with one layer and one scope', () => {
    const nx = readJson<{ readonly name: string; readonly sourceRoot: string; readonly targets: object }>(`${folder}/project.json`);
    expect(nx).toMatchObject({ name: project.name, sourceRoot: `${folder}/src` });
    expect(project.name).toBe(expectedName(project));
    expect(project.tags.filter((tag) => tag.startsWith('layer:'))).toHaveLength(1);
    expect(project.tags.filter((tag) => tag.startsWith('scope:'))).toHaveLength(1);
    expect(Object.keys(nx.targets)).toEqual(expect.arrayContaining(['lint', 'typecheck', 'test']));
  });

  it('is checked by the strict compiler settings of the repository', () => {
    const base = `${'../'.repeat(folder.split('/').length)}tsconfig.base.json`;
    expect(readJson(`${folder}/tsconfig.json`)).toMatchObject({ extends: base, include: expect.arrayContaining(['src']) as unknown });
  });
});

describe('the root', () => {
  it('names exact versions of what it depends on', () => {
    expect(inexactVersions(root)).toEqual([]);
  });

  it('has the full text of the licence', () => {
    expect(readText('LICENSE')).toMatch(/Apache License\s+Version 2\.0/);
  });
});

function allDependencies(manifest: PackageManifest): readonly (readonly [name: string, version: string])[] {
  const { dependencies, devDependencies, peerDependencies, optionalDependencies } = manifest;
  return Object.entries({ ...dependencies, ...devDependencies, ...peerDependencies, ...optionalDependencies });
}

function inexactVersions(manifest: PackageManifest): readonly string[] {
  const inexact = allDependencies(manifest).filter(([name, version]) => name !== TYPES_OF_NODE && !EXACT_VERSION.test(version));
  return inexact.map(([name, version]) => `${name}@${version}`);
}

/** Apps, tests and connectors say so in their names: no two projects share one. */
function expectedName({ folder }: Project): string {
  const [parent, child, grandchild] = folder.split('/');
  if (parent === 'libs' && grandchild !== undefined) return `@moldau/connector-${grandchild}`;
  if (parent === 'apps') return `@moldau/${child}-app`;
  if (parent === 'examples') return `@moldau/${child}-example`;
  if (parent === 'tests') return `@moldau/${child}-tests`;
  return `@moldau/${child ?? parent}`;
}
