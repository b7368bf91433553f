import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../../../..');
const DEMO = ['tools/bootstrap.mjs', 'tools/src/groups/main.ts'];
const TIMEOUT_MS = 240_000;

it(
  'npm run demo:groups counts every flight exactly once while a member is killed and another joins',
  async () => {
    const short = ['--standalone', '--flights', '2000', '--rate', '500'];
    const { stdout } = await promisify(execFile)(process.execPath, [...DEMO, ...short, '-o', 'json'], { cwd: ROOT });
    expect(JSON.parse(stdout), stdout).toMatchObject({
      verdict: 'every flight counted exactly once',
      published: 2_000,
      counted: 2_000,
      twice: 0,
      missing: 0,
      differentOrigins: [],
      lagRecords: 0,
      killed: [expect.stringMatching(/^member-[123]$/)],
      joined: ['member-4'],
    });
  },
  TIMEOUT_MS,
);

it('the demo of groups refuses what it does not know, with its usage', async () => {
  const demo = promisify(execFile)(process.execPath, [...DEMO, '--flights', 'all'], { cwd: ROOT });
  await expect(demo).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('usage: npm run demo:groups') as string });
});
