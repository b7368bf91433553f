import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runInContainer, whyNoContainers } from './container.ts';
import { makeBase, REPOSITORY } from './root-file-system.ts';
import { run, succeed } from './run.ts';

/** Installs all packages anew, which takes minutes: only `npm run test:image` sets it. */
const ASKED = process.env['IMAGE_BUILD'] === 'all';
const BUILD_TIMEOUT_MS = 900_000;
const BASE = 'localhost/moldau-test-base:latest';
const IMAGE = 'localhost/moldau-test:latest';
/** Files are kept in plain folders, since a file system over another may not be allowed here. */
const STORE = ['--storage-driver', 'vfs'];

let why: string | undefined;
let folder: string;
let mounted: string;
let container: string | undefined;

async function buildah(...argv: readonly string[]): Promise<string> {
  const store = [...STORE, '--root', join(folder, 'store'), '--runroot', join(folder, 'run')];
  return (await succeed('buildah', [...store, ...argv], { timeoutMs: BUILD_TIMEOUT_MS })).trim();
}

/** An image that stands in for the base of the Dockerfile, under a name of its own. */
async function commitBase(): Promise<void> {
  const root = join(folder, 'base');
  await makeBase(root, { npm: true });
  const working = await buildah('from', '--name', 'base', 'scratch');
  // How this machine reaches the registry is for the stand-in to know, as for any base image behind a proxy.
  const certificates = process.env['NODE_EXTRA_CA_CERTS'];
  if (certificates !== undefined) {
    cpSync(certificates, join(root, 'etc/ssl/extra.pem'));
    await buildah('config', '--env', 'NODE_EXTRA_CA_CERTS=/etc/ssl/extra.pem', working);
  }
  await buildah('copy', '--quiet', working, root, '/');
  await buildah('commit', '--quiet', '--rm', working, BASE);
}

beforeAll(async () => {
  why = ASKED ? await whyNoContainers() : 'building the image takes minutes: npm run test:image does it';
  if (why === undefined && (await run('buildah', ['--version'])).status !== 0) why = 'buildah is not installed';
  if (why !== undefined) return;
  folder = mkdtempSync(join(tmpdir(), 'moldau-build-'));
  await commitBase();
  const isolated = ['--isolation', 'chroot', '--format', 'docker', '--build-arg', `NODE_IMAGE=${BASE}`, '--build-arg', 'REVISION=test'];
  await buildah('bud', ...isolated, '--pull-never', '--file', join(REPOSITORY, 'deploy/docker/Dockerfile'), '--tag', IMAGE, REPOSITORY);
  container = await buildah('from', '--pull-never', IMAGE);
  mounted = await buildah('mount', container);
}, BUILD_TIMEOUT_MS);

afterAll(async () => {
  if (why !== undefined) return;
  if (container !== undefined) await buildah('umount', container);
  await buildah('rm', '--all');
  rmSync(folder, { recursive: true, force: true });
}, BUILD_TIMEOUT_MS);

beforeEach((context) => {
  if (why !== undefined) context.skip(why);
});

describe('the image that the Dockerfile makes', () => {
  it('is labelled, runs as a user without rights, and knows its health', async () => {
    const { OCIv1: _, Docker } = JSON.parse(await buildah('inspect', '--type', 'image', IMAGE)) as {
      OCIv1: unknown;
      Docker: { config: { User: string; Labels: Record<string, string>; Healthcheck: { Test: string[] }; ExposedPorts: object } };
    };
    expect(Docker.config).toMatchObject({
      User: '65532:65532',
      Labels: { 'org.opencontainers.image.title': 'moldau', 'org.opencontainers.image.revision': 'test' },
      Healthcheck: { Test: ['CMD', 'healthcheck'] },
    });
    expect(Object.keys(Docker.config.ExposedPorts)).toContain('9092/tcp');
  });

  it('holds the services, and nothing of what they were built with', () => {
    expect(readdirSync(join(mounted, 'opt/moldau')).sort()).toEqual(
      [
        'LICENSE',
        'bin',
        'broker',
        'cli',
        'connector-worker',
        'coordinator',
        'node_modules',
        'package.json',
        'sbom.cdx.json',
        'tools',
      ].sort(),
    );
    expect(readdirSync(mounted)).not.toContain('src');
  });

  it('runs', async () => {
    const options = { root: mounted, environment: {}, dataFolder: join(folder, 'data'), hosts: {} };
    expect(await runInContainer({ ...options, command: ['moldau', '--version'] })).toMatchObject({ status: 0 });
    const refused = await runInContainer({ ...options, command: ['moldau-broker'] });
    expect(refused).toMatchObject({ status: 78, out: expect.stringContaining('MOLDAU_BROKER_ID') as string });
  });
});
