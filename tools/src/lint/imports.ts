import type { Project } from '../workspace/projects.ts';
import { BANNED_MODULES, type RestrictedPath } from './determinism.ts';

/** An entry of `patterns` of the rule no-restricted-imports. */
export interface RestrictedPattern {
  readonly group: string[];
  readonly message: string;
  readonly allowTypeImports?: boolean;
}

/** The one option of no-restricted-imports; a file has exactly one, so everything that restricts it is put together here. */
export interface RestrictedImports {
  readonly paths: RestrictedPath[];
  readonly patterns: RestrictedPattern[];
}

export interface ImportsOptions {
  readonly projects: readonly Project[];
  readonly deterministic: boolean;
  /** Package names of which only types may be imported. */
  readonly typesOnly?: readonly string[];
}

/** What a file may not import, beyond the boundaries between projects. */
export function restrictedImports(options: ImportsOptions): RestrictedImports {
  const typesOnly = (options.typesOnly ?? []).map((name) => ({
    name,
    message: 'Import only its types: an adapter implements the ports that a core declares and runs nothing of it.',
    allowTypeImports: true,
  }));
  return { paths: [...(options.deterministic ? BANNED_MODULES : []), ...typesOnly], patterns: [deepImports(options.projects)] };
}

/** Paths into a package that its `exports` does not list. Node refuses them too, but only when the line runs. */
function deepImports(projects: readonly Project[]): RestrictedPattern {
  const entries = projects.flatMap((project) => Object.keys(project.manifest.exports ?? {}).map((path) => project.name + path.slice(1)));
  const subpaths = entries.filter((entry) => entry.split('/').length > 2);
  return {
    group: ['@moldau/*/**', ...subpaths.map((path) => `!${path}`)],
    message: "Import from the package's entry points only: those in `exports` of its package.json.",
  };
}
