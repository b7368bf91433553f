import { beforeAll, describe, expect, it } from 'vitest';
import { layerOf, type Project, readProjects } from '../workspace/projects.ts';
import { createFixtureLinter, type FixtureLinter } from './lint-fixture.ts';

const BOUNDARY = '@nx/enforce-module-boundaries';
const SETUP_TIMEOUT_MS = 120_000;

let linter: FixtureLinter;

beforeAll(async () => {
  linter = await createFixtureLinter();
}, SETUP_TIMEOUT_MS);

async function boundaryFindings(path: string, text: string): Promise<readonly string[]> {
  const found = await linter.lint(path, text);
  return found.filter(({ rule }) => rule === BOUNDARY).map(({ message }) => message);
}

const importOf = (name: string): string => `import * as other from '${name}';\nexport const used = other;\n`;

describe('the direction of dependencies', () => {
  const forbidden: readonly (readonly [from: string, to: string, message: RegExp])[] = [
    ['libs/kernel/src/fixture.ts', '@moldau/records', /Circular dependency|cannot depend on any libs/],
    ['libs/records/src/fixture.ts', '@moldau/protocol', /can only depend on libs tagged/],
    ['libs/records/src/fixture.ts', '@moldau/storage', /Circular dependency|can only depend/],
    ['libs/cluster/src/fixture.ts', '@moldau/storage', /scope:cluster.*can only depend|can only depend on libs tagged with "scope:kernel"/],
    ['libs/storage/src/fixture.ts', '@moldau/cluster', /can only depend on libs tagged with "scope:kernel"/],
    ['libs/storage/src/fixture.ts', '@moldau/platform-node', /can only depend/],
    ['libs/storage/src/fixture.ts', '@moldau/testkit', /can only depend/],
    ['libs/client/src/fixture.ts', '@moldau/broker', /can only depend/],
    ['libs/client/src/fixture.ts', '@moldau/cluster', /can only depend/],
    ['libs/client/src/fixture.ts', '@moldau/platform-node', /can only depend/],
    ['libs/service/src/fixture.ts', '@moldau/broker', /can only depend/],
    ['libs/connect/src/fixture.ts', '@moldau/client', /can only depend/],
    ['libs/connectors/file/src/fixture.ts', '@moldau/client', /can only depend/],
    ['libs/connectors/file/src/fixture.ts', '@moldau/connect-runtime', /can only depend/],
    ['libs/broker/src/fixture.ts', '@moldau/coordinator', /can only depend/],
    ['libs/broker/src/fixture.ts', '@moldau/client', /can only depend/],
    ['libs/broker/src/fixture.ts', '@moldau/cluster-etcd', /can only depend/],
    ['libs/broker/src/fixture.ts', '@moldau/platform-node', /can only depend/],
    ['libs/coordinator/src/fixture.ts', '@moldau/storage', /can only depend/],
    ['libs/coordinator/src/fixture.ts', '@moldau/cluster-etcd', /can only depend/],
    ['libs/platform-node/src/fixture.ts', '@moldau/service', /can only depend/],
    ['libs/platform-node/src/fixture.ts', '@moldau/client', /Circular dependency|can only depend/],
    ['libs/cluster-etcd/src/fixture.ts', '@moldau/cluster-embedded', /can only depend/],
    ['libs/cluster-embedded/src/fixture.ts', '@moldau/storage', /can only depend/],
    ['libs/testkit/src/fixture.ts', '@moldau/cluster', /can only depend|Circular dependency/],
    ['libs/testkit/src/fixture.spec.ts', '@moldau/storage', /can only depend|Circular dependency/],
    ['libs/assembly/src/fixture.ts', '@moldau/cluster-etcd', /can only depend/],
    ['libs/assembly/src/fixture.ts', '@moldau/standalone-app', /Circular dependency|can only depend/],
    ['libs/service/src/fixture.ts', '@moldau/assembly', /Circular dependency|can only depend/],
    ['libs/load/src/fixture.ts', '@moldau/broker', /can only depend/],
    ['libs/load/src/fixture.ts', '@moldau/platform-node', /can only depend/],
    ['libs/local-cluster/src/fixture.ts', '@moldau/service', /can only depend/],
    ['libs/harness/src/fixture.ts', '@moldau/cli-app', /Imports of apps are forbidden|Only packages defined/],
    ['apps/broker/src/fixture.ts', '@moldau/harness', /can only depend/],
    ['apps/broker/src/fixture.ts', '@moldau/testkit', /can only depend/],
    ['apps/broker/src/fixture.ts', '@moldau/coordinator-app', /Imports of apps are forbidden|Only packages defined/],
    ['apps/broker/src/fixture.ts', '@moldau/standalone-app', /can not depend on libs tagged with "layer:app"/],
    ['apps/cli/src/fixture.ts', '@moldau/harness', /can only depend/],
    ['tests/e2e/src/fixture.ts', '@moldau/standalone-app', /can only depend/],
    ['tools/src/fixture.ts', '@moldau/broker', /can only depend/],
    ['tools/src/fixture.ts', '@moldau/testkit', /can only depend/],
  ];

  it.each(forbidden)('%s may not import %s', async (from, to, message) => {
    const messages = await boundaryFindings(from, importOf(to));
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatch(message);
  });

  const allowed: readonly (readonly [from: string, to: string])[] = [
    ['libs/records/src/fixture.ts', '@moldau/kernel'],
    ['libs/storage/src/fixture.ts', '@moldau/records'],
    ['libs/storage/src/fixture.spec.ts', '@moldau/testkit'],
    ['libs/broker/src/fixture.spec.ts', '@moldau/testkit'],
    ['libs/broker/src/fixture.ts', '@moldau/storage'],
    ['libs/client/src/node/fixture.ts', '@moldau/platform-node'],
    ['libs/cluster-etcd/src/fixture.ts', '@moldau/cluster'],
    ['apps/coordinator/src/fixture.ts', '@moldau/cluster-etcd'],
    ['apps/broker/src/fixture.ts', '@moldau/assembly'],
    ['apps/cli/src/fixture.ts', '@moldau/standalone-app'],
    ['apps/cli/src/fixture.ts', '@moldau/local-cluster'],
    ['libs/harness/src/fixture.ts', '@moldau/local-cluster'],
    ['tests/e2e/src/fixture.spec.ts', '@moldau/harness'],
    ['bench/src/fixture.ts', '@moldau/load'],
  ];

  it.each(allowed)('%s may import %s', async (from, to) => {
    expect(await boundaryFindings(from, importOf(to))).toEqual([]);
  });

  it('is broken here on purpose from each layer that has a project', () => {
    const projects = readProjects();
    const layersOf = (some: readonly Project[]): readonly string[] =>
      [...new Set(some.flatMap((project) => layerOf(project) ?? []))].sort();
    const broken = projects.filter(({ folder }) => forbidden.some(([from]) => from.startsWith(`${folder}/`)));
    expect(layersOf(broken)).toEqual(layersOf(projects));
  });
});

describe('packages that belong to one place', () => {
  const banned: readonly (readonly [from: string, name: string])[] = [
    ['libs/coordinator/src/fixture.ts', 'etcd3'],
    ['libs/cluster/src/fixture.ts', 'etcd3'],
    ['libs/cluster-embedded/src/fixture.ts', 'etcd3'],
    ['libs/harness/src/fixture.ts', 'etcd3'],
    ['tests/e2e/src/fixture.spec.ts', 'etcd3'],
    ['libs/broker/src/fixture.ts', '@grpc/grpc-js'],
    ['libs/client/src/node/fixture.ts', '@grpc/grpc-js'],
    ['libs/cluster-etcd/src/fixture.ts', '@grpc/grpc-js'],
    ['libs/service/src/fixture.ts', 'grpc-health-check'],
    ['libs/storage/src/fixture.ts', '@node-rs/crc32'],
    ['libs/client/src/fixture.ts', 'snappy'],
    ['libs/platform-node/src/fixture.ts', 'lz4-napi'],
    ['apps/broker/src/fixture.ts', 'pino'],
    ['apps/broker/src/fixture.ts', 'prom-client'],
  ];

  it.each(banned)('%s may not import %s', async (from, name) => {
    const messages = await boundaryFindings(from, importOf(name));
    expect(messages.some((message) => message.includes(`is not allowed to import "${name}"`))).toBe(true);
  });

  it('their owners may import them', async () => {
    expect(await boundaryFindings('libs/cluster-etcd/src/fixture.ts', importOf('etcd3'))).toEqual([]);
    expect(await boundaryFindings('libs/platform-node/src/fixture.ts', importOf('@grpc/grpc-js'))).toEqual([]);
    expect(await boundaryFindings('tests/conformance/src/fixture.spec.ts', importOf('@grpc/grpc-js'))).toEqual([]);
  });

  it('a package that is only there because another needs it may not be imported', async () => {
    const messages = await boundaryFindings('libs/kernel/src/fixture.ts', importOf('protobufjs'));
    expect(messages).toEqual([expect.stringMatching(/Transitive or unresolvable dependencies are not allowed/)]);
  });
});

describe('paths between projects', () => {
  it('a relative path may not lead into another project', async () => {
    const messages = await boundaryFindings('libs/records/src/fixture.ts', importOf('../../kernel/src/ids.ts'));
    expect(messages).toEqual([expect.stringMatching(/cannot be imported by a relative or absolute path/)]);
  });

  it('a deep path into another package is refused', async () => {
    const found = await linter.lint('libs/records/src/fixture.ts', importOf('@moldau/kernel/src/ids.ts'));
    expect(found).toContainEqual(
      expect.objectContaining({
        rule: '@typescript-eslint/no-restricted-imports',
        message: expect.stringContaining('entry points') as string,
      }),
    );
  });

  it('a project names itself only by relative paths', async () => {
    const messages = await boundaryFindings('libs/kernel/src/fixture.ts', importOf('@moldau/kernel'));
    expect(messages).toEqual([expect.stringMatching(/should use relative imports/)]);
  });

  it("platform-node takes only types of a core's ports", async () => {
    const rule = '@typescript-eslint/no-restricted-imports';
    const value = await linter.lint(
      'libs/platform-node/src/fixture.ts',
      "import { thing } from '@moldau/storage';\nexport const used = thing;\n",
    );
    const type = await linter.lint(
      'libs/platform-node/src/fixture.ts',
      "import type { Thing } from '@moldau/storage';\nexport type Used = Thing;\n",
    );
    expect(value.map((finding) => finding.rule)).toContain(rule);
    expect(type.map((finding) => finding.rule)).not.toContain(rule);
  });

  it('a package that the project does not declare is refused', async () => {
    const found = await linter.lint('libs/kernel/src/fixture.ts', importOf('zod'));
    expect(found.map((finding) => finding.rule)).toContain('import-x/no-extraneous-dependencies');
  });

  it("the root's development dependencies are for specs", async () => {
    const rule = 'import-x/no-extraneous-dependencies';
    const source = await linter.lint('libs/kernel/src/fixture.ts', importOf('fast-check'));
    const spec = await linter.lint('libs/kernel/src/fixture.spec.ts', importOf('fast-check'));
    expect(source.map((finding) => finding.rule)).toContain(rule);
    expect(spec.map((finding) => finding.rule)).not.toContain(rule);
  });
});
