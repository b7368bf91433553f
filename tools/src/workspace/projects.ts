import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the repository. */
export const REPOSITORY_ROOT = resolve(fileURLToPath(import.meta.url), '../../../..');

/** Folders whose every child with a package.json is a project. */
export const PROJECT_PARENTS = ['apps', 'libs', 'libs/connectors', 'tests', 'examples'] as const;
/** Folders that are projects themselves. */
export const SINGLE_PROJECTS = ['bench', 'tools'] as const;

/** What the tools read of a project's package.json. */
export interface PackageManifest {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly license?: string;
  readonly type?: string;
  readonly private?: boolean;
  /** Sub-path (`.`, `./contract`) to file. */
  readonly exports?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** A workspace package that is an Nx project. */
export interface Project {
  /** Folder relative to the repository, with `/`. */
  readonly folder: string;
  /** Name of the package and of the Nx project; a test holds them equal. */
  readonly name: string;
  readonly tags: readonly string[];
  readonly manifest: PackageManifest;
}

/** Every project, in the order of their folders. */
export function readProjects(): readonly Project[] {
  const nested = PROJECT_PARENTS.flatMap((parent) => childFolders(parent).map((child) => `${parent}/${child}`));
  return [...nested, ...SINGLE_PROJECTS].filter((folder) => existsSync(join(REPOSITORY_ROOT, folder, 'package.json'))).map(readProject);
}

/** The value after `scope:` in a project's tags; undefined where there is none. */
export function scopeOf(project: Project): string | undefined {
  return tagValue(project, 'scope:');
}

/** The value after `layer:` in a project's tags; undefined where there is none. */
export function layerOf(project: Project): string | undefined {
  return tagValue(project, 'layer:');
}

/** A file of the repository as JSON; the caller vouches for its shape. */
export function readJson<Shape>(path: string): Shape {
  return JSON.parse(readFileSync(join(REPOSITORY_ROOT, path), 'utf8')) as Shape;
}

/** Names of the folders in `folder`, sorted; none when it does not exist. */
export function childFolders(folder: string): readonly string[] {
  const path = join(REPOSITORY_ROOT, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules')
    .map((entry) => entry.name)
    .sort();
}

function readProject(folder: string): Project {
  const manifest = readJson<PackageManifest>(`${folder}/package.json`);
  const nx = existsSync(join(REPOSITORY_ROOT, folder, 'project.json'))
    ? readJson<{ readonly tags?: readonly string[] }>(`${folder}/project.json`)
    : {};
  return { folder, name: manifest.name, tags: nx.tags ?? [], manifest };
}

function tagValue(project: Project, prefix: string): string | undefined {
  return project.tags.find((tag) => tag.startsWith(prefix))?.slice(prefix.length);
}
