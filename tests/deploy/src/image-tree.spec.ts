import { globSync, lstatSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeImageTree } from './root-file-system.ts';

const MIB = 2 ** 20;
/** Content of the image beside its base. */
const CONTENT_BYTES_MAX = 150 * MIB;
const BUILD_TIMEOUT_MS = 150_000;

let tree: string;

beforeAll(async () => {
  tree = mkdtempSync(join(tmpdir(), 'moldau-image-'));
  await makeImageTree(tree);
}, BUILD_TIMEOUT_MS);

afterAll(() => rmSync(tree, { recursive: true, force: true }));

interface Component {
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
}

describe("the image's content", () => {
  it('is small, and plain JavaScript', async (context) => {
    const files = globSync('**/*', { cwd: tree }).filter((path) => lstatSync(join(tree, path)).isFile());
    const bytes = files.reduce((sum, path) => sum + statSync(join(tree, path)).size, 0);
    await context.annotate(`content: ${(bytes / MIB).toFixed(1)} MiB in ${files.length} files`);
    expect(bytes).toBeLessThan(CONTENT_BYTES_MAX);
    expect(files.filter((path) => /\.(ts|map)$/.test(path))).toEqual([]);
  });

  it('has a command for each service and for the command line', () => {
    const commands = globSync('bin/*', { cwd: tree }).sort();
    expect(commands).toEqual([
      'bin/healthcheck',
      'bin/moldau',
      'bin/moldau-broker',
      'bin/moldau-connector-worker',
      'bin/moldau-coordinator',
      'bin/node-label',
    ]);
    for (const command of commands) expect(statSync(join(tree, command)).mode & 0o111).toBe(0o111);
  });

  it('is listed in a bill of materials: every package that is there, each with its checksum, and no other', () => {
    const { components, specVersion } = JSON.parse(readFileSync(join(tree, 'sbom.cdx.json'), 'utf8')) as {
      components: readonly Component[];
      specVersion: string;
    };
    expect(specVersion).toBe('1.6');
    const manifests = globSync('{,*/}node_modules/**/node_modules/{*,@*/*}/package.json', { cwd: tree });
    const installed = [...manifests, ...globSync('{,*/}node_modules/{*,@*/*}/package.json', { cwd: tree })].map((path) => {
      const { name, version } = JSON.parse(readFileSync(join(tree, path), 'utf8')) as { name: string; version: string };
      return `${name}@${version}`;
    });
    expect(components.map(({ name, version }) => `${name}@${version}`).sort()).toEqual([...new Set(installed)].sort());
    expect(components.filter(({ hashes }) => hashes?.[0]?.alg !== 'SHA-512' || !/^[0-9a-f]{128}$/.test(hashes[0].content))).toEqual([]);
    expect(components.filter(({ name }) => ['typescript', 'esbuild', 'vitest', 'nx'].includes(name))).toEqual([]);
  });
});
