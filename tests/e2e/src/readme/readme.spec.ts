import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Child, startChild } from '@moldau/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeBlocks, shellCommands } from './readme-blocks.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');
const README = join(ROOT, 'README.md');
const QUICKSTART = 'npm run quickstart';
/** What runs this test: running it from here would never end. */
const TESTS = 'npm test';
const READY_MS = 180_000;
const COMMAND_MS = 60_000;

const run = promisify(execFile);
const commands = shellCommands(README);

let quickstart: Child;
let bootstrap: string;

/** Runs a command line as a shell does, against the quickstart wherever it listens. */
async function shell(command: string): Promise<string> {
  const path = `${join(ROOT, 'node_modules/.bin')}${delimiter}${process.env['PATH'] ?? ''}`;
  const env = { ...process.env, MOLDAU_BOOTSTRAP: bootstrap, PATH: path };
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', command], { cwd: ROOT, env, timeout: COMMAND_MS });
  return stdout;
}

describe('README.md', () => {
  beforeAll(async () => {
    const [command = '', ...args] = QUICKSTART.split(' ');
    quickstart = startChild({ command, arguments: args, workingDirectory: ROOT, ownGroup: true });
    const up = await quickstart.line((line) => line.includes('is up on'), READY_MS);
    bootstrap = /is up on (\S+)/.exec(up)?.[1] ?? '';
    await quickstart.line((line) => line.includes('It stays up'), READY_MS);
  }, 2 * READY_MS);

  afterAll(async () => {
    quickstart.kill('SIGINT');
    await quickstart.ended;
  }, READY_MS);

  it('names the quickstart and the tests', () => {
    expect(commands).toContain(QUICKSTART);
    expect(commands).toContain(TESTS);
  });

  it(
    'has commands that run as they stand, in their order',
    async () => {
      const rest = commands.filter((command) => command !== QUICKSTART && command !== TESTS);
      // A topic that an earlier run of this test left would make the first command fail.
      await shell('npx moldau topic delete orders || true');
      const printed = [];
      for (const command of rest) printed.push(await shell(command));
      expect(printed.join('')).toMatch(/^\d@0 customer-7 \{"item":"tea","cups":2\}$/m);
    },
    3 * COMMAND_MS,
  );

  it(
    'has a program that runs as it stands',
    async () => {
      const [program = ''] = codeBlocks(README, 'ts');
      await shell('npx moldau topic delete orders || true');
      await shell('npx moldau topic create orders');
      const file = join(ROOT, 'tests/e2e/src/readme/readme-program.tmp.ts');
      writeFileSync(file, program.replace("'127.0.0.1:9092'", `'${bootstrap}'`));
      try {
        expect(await shell(`node ${file}`)).toMatch(/^stored at 0@0\n0 0 \{"item":"tea"\}\n$/);
      } finally {
        rmSync(file);
      }
    },
    2 * COMMAND_MS,
  );

  it(
    'is followed by three commands of the quickstart that run as they stand',
    async () => {
      const lines = quickstart.stdout().split('It stays up')[1]?.split('\n') ?? [];
      const next = lines.filter((line) => line.startsWith('  ')).map((line) => line.trim());
      expect(next).toHaveLength(3);
      const [described, consumed] = [await shell(next[0] ?? ''), await shell(next[1] ?? '')];
      expect(described).toContain('topic flights');
      expect(consumed.trimEnd().split('\n')).toHaveLength(5);
      await shell(next[2] ?? '');
    },
    3 * COMMAND_MS,
  );
});

describe('the quickstart that ends by itself', () => {
  /** Holds the default port, unless somebody does already. */
  async function takePort(): Promise<AsyncDisposable> {
    const holder = createServer();
    await new Promise<void>((resolve) => {
      holder.once('error', () => resolve());
      holder.listen(9092, '127.0.0.1', resolve);
    });
    return { [Symbol.asyncDispose]: () => new Promise((resolve) => holder.close(() => resolve())) };
  }

  it(
    'ends with 0 and its table, a second time too, and while 9092 is taken',
    async () => {
      await using _ = await takePort();
      for (let time = 1; time <= 2; time++) {
        const [command = '', ...args] = `${QUICKSTART} -- --exit`.split(' ');
        const child = startChild({ command, arguments: args, workingDirectory: ROOT, ownGroup: true });
        expect(await child.ended, child.stderr()).toEqual({ code: 0, signal: null });
        expect(child.stdout()).toMatch(/is up on 127\.0\.0\.1:(?!9092)\d+/);
        expect(child.stdout()).toMatch(/\d+,\d{3} flights read back; the table is computed from them/);
      }
    },
    2 * READY_MS,
  );
});
