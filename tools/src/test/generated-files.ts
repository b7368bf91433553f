import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY_ROOT } from '../workspace/projects.ts';

/** Everything that `npm run generate` writes. */
const GENERATED = [
  'libs/*/src/gen/**/*',
  'libs/connectors/*/README.md',
  'docs/errors.md',
  'docs/configuration.md',
  'docs/connect-transforms.md',
  'docs/cli.md',
  'helm/moldau/values.schema.json',
  'helm/moldau/README.md',
  'helm/moldau/files/**/*',
];

/** Content of each generated file by its path. */
export function readGenerated(): ReadonlyMap<string, string> {
  const entries = globSync(GENERATED, { cwd: REPOSITORY_ROOT, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(entries.map((entry) => join(entry.parentPath, entry.name)).map((path) => [path, readFileSync(path, 'utf8')]));
}

/** Paths that were added, removed or changed between two readings. */
export function changedFiles(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).sort();
}
