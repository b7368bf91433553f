import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { freePort, scratchDirectory, startChild } from '@moldau/harness';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../../../..');
const LAUNCHER = join(ROOT, 'apps/cli/bin/moldau.js');
const NODE_MAJOR_PINNED = 24;

/** A Node on PATH that is too old to run TypeScript itself; the one this repository installs is not asked. */
function olderNode(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  const nodes = folders.filter((folder) => folder !== '' && entries(folder).includes('node')).map((folder) => join(folder, 'node'));
  return nodes.find(
    (node) => Number(execFileSync(node, ['-p', 'process.versions.node.split(".")[0]'], { encoding: 'utf8' })) < NODE_MAJOR_PINNED,
  );
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

const NODES = [
  { name: 'the pinned Node', find: () => process.execPath },
  { name: 'an older Node', find: olderNode },
] as const;

describe.each(NODES)('moldau started by $name', ({ find }) => {
  it('runs a command and passes its exit code on', (context) => {
    const node = find() ?? context.skip('no Node older than 24 on PATH');
    expect(execFileSync(node, [LAUNCHER, '--version'], { encoding: 'utf8' })).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(() => execFileSync(node, [LAUNCHER, 'nonsense'], { stdio: 'pipe' })).toThrow(expect.objectContaining({ status: 2 }));
  });

  it.for(['SIGTERM', 'SIGINT'] as const)('passes %s on, and the server ends in order', async (signal, context) => {
    const node = find() ?? context.skip('no Node older than 24 on PATH');
    using scratch = scratchDirectory('launcher');
    const ports = ['--port', String(await freePort()), '--admin-port', '0'];
    const child = startChild({ command: node, arguments: [LAUNCHER, 'standalone', '--data', `${scratch.path}/data`, ...ports] });
    await child.line((line) => line.includes('is ready'), 30_000);
    child.kill(signal);
    expect((await child.ended).code).toBe(0);
  });
});
