import { execFileSync } from 'node:child_process';
import { freePort, scratchDirectory, startChild } from '@moldau/harness';
import { describe, expect, it } from 'vitest';
import { LAUNCHER, NODES } from '../fixture/launcher.ts';

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
