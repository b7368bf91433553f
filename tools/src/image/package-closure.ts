import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY_ROOT, readJson } from '../workspace/projects.ts';

/** What npm's lockfile says of a package. */
interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** A package of the registry that an app needs to run. */
export interface RuntimePackage {
  readonly name: string;
  readonly version: string;
  /** Where it is installed, relative to the repository. */
  readonly source: string;
  /** Where it belongs, relative to the folder that holds the apps: `node_modules/pino`, or below an app that has a version of its own. */
  readonly target: string;
  /** As npm has it: the algorithm, `-`, base64. */
  readonly integrity: string | undefined;
  readonly license: string | undefined;
}

export interface AppPackages {
  /** Folder of the app in the image. */
  readonly name: string;
  /** Each package with the folder of the project that declares it: from there it is found. */
  readonly declared: readonly { readonly name: string; readonly folder: string }[];
}

const PLACE = 'node_modules/';

/**
 * Everything that the apps need of the registry, by the lockfile, as it is installed: for this platform only.
 *
 * @throws Error when a package is missing, or two versions would have to lie in one place
 */
export function packageClosure(apps: readonly AppPackages[]): readonly RuntimePackage[] {
  const locked = readJson<{ readonly packages: Readonly<Record<string, LockedPackage>> }>('package-lock.json').packages;
  const found = new Map<string, RuntimePackage>();
  const visit = (name: string, from: string, app: string, optional: boolean): void => {
    const source = resolve(locked, name, from);
    if (source === undefined || !existsSync(join(REPOSITORY_ROOT, source))) {
      if (optional) return;
      throw new Error(`${name}, which ${from} needs, is not installed: npm ci`);
    }
    const target = targetOf(source, app);
    const earlier = found.get(target);
    if (earlier !== undefined && earlier.source !== source) throw new Error(`${earlier.source} and ${source} would both be ${target}`);
    if (earlier !== undefined) return;
    const { version = '', integrity, license, ...needs } = locked[source] ?? {};
    found.set(target, { name, version, source, target, integrity, license });
    for (const needed of Object.keys(needs.dependencies ?? {})) visit(needed, source, app, false);
    for (const needed of Object.keys(needs.optionalDependencies ?? {})) visit(needed, source, app, true);
    for (const needed of Object.keys(needs.peerDependencies ?? {})) visit(needed, source, app, true);
  };
  for (const app of apps) for (const { name, folder } of app.declared) visit(name, folder, app.name, false);
  return [...found.values()].sort((left, right) => (left.target < right.target ? -1 : 1));
}

/** As Node finds packages: beside, or above, the one that asks. */
function resolve(locked: Readonly<Record<string, LockedPackage>>, name: string, from: string): string | undefined {
  for (let folder = from; ; folder = folder.includes('/') ? folder.slice(0, folder.lastIndexOf('/')) : '') {
    const path = folder === '' ? `${PLACE}${name}` : `${folder}/${PLACE}${name}`;
    const candidate = locked[path];
    if (candidate !== undefined && candidate.link !== true) return path;
    if (folder === '') return undefined;
  }
}

/** Packages at the root are shared; those of one project lie below the app that uses it. */
function targetOf(source: string, app: string): string {
  return source.startsWith(PLACE) ? source : `${app}/${source.slice(source.indexOf(PLACE))}`;
}
