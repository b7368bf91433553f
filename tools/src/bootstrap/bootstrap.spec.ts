import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../process/run.ts';
import { REPOSITORY_ROOT } from '../workspace/projects.ts';

const TIMEOUT_MS = 15_000;

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'moldau-bootstrap-'));
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** Writes a script for the bootstrap to run. */
function script(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

/** A repository that needs one package; an `npm` that notes each call and then "installs" stands first on the PATH. */
function bareClone(name: string): { readonly bootstrap: string; readonly path: string; readonly installs: string } {
  const clone = join(directory, name);
  mkdirSync(join(clone, 'tools'), { recursive: true });
  mkdirSync(join(clone, 'fake-bin'));
  cpSync(join(REPOSITORY_ROOT, 'tools/bootstrap.mjs'), join(clone, 'tools/bootstrap.mjs'));
  writeFileSync(
    join(clone, 'package-lock.json'),
    JSON.stringify({ packages: { '': {}, 'node_modules/thing': { version: '1.0.0', integrity: 'x' } } }),
  );
  const installed = JSON.stringify({ packages: { 'node_modules/thing': { version: '1.0.0', integrity: 'x' } } });
  const installs = join(clone, 'installs');
  const npm = `#!/bin/sh\necho "$@" >> ${installs}\nsleep 0.5\nmkdir -p node_modules\nprintf '%s' '${installed}' > node_modules/.package-lock.json\n`;
  writeFileSync(join(clone, 'fake-bin/npm'), npm, { mode: 0o755 });
  symlinkSync(process.execPath, join(clone, 'fake-bin/node'));
  return { bootstrap: join(clone, 'tools/bootstrap.mjs'), path: `${join(clone, 'fake-bin')}:/usr/bin:/bin`, installs };
}

const start = (
  bootstrap: string,
  scriptArguments: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): ReturnType<typeof run> =>
  run({ command: process.execPath, arguments: [bootstrap, ...scriptArguments], timeoutMs: TIMEOUT_MS, environment });

const BOOTSTRAP = join(REPOSITORY_ROOT, 'tools/bootstrap.mjs');

describe('the bootstrap', () => {
  it('runs TypeScript with the pinned Node and passes arguments and exit status on', async () => {
    const path = script(
      'arguments.ts',
      'const list: readonly string[] = process.argv.slice(2); console.log(JSON.stringify(list)); process.exit(7);',
    );
    const result = await start(BOOTSTRAP, [path, 'one', '--two', 'three four']);
    expect(result).toMatchObject({ status: 7, output: '["one","--two","three four"]\n' });
  });

  it('puts the commands of the repository first on the PATH', async () => {
    const path = script('path.ts', 'console.log(process.env.PATH);');
    expect((await start(BOOTSTRAP, [path])).output.startsWith(join(REPOSITORY_ROOT, 'node_modules/.bin'))).toBe(true);
  });

  it('passes a signal on and ends as the script ends', async () => {
    const path = script('signal.ts', "process.on('SIGTERM', () => process.exit(42)); setInterval(() => {}, 1000); console.log('ready');");
    const child = spawn(process.execPath, [BOOTSTRAP, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([42, null]);
  });

  it('says how it is used when it is given nothing to run', async () => {
    const result = await start(BOOTSTRAP, []);
    expect(result).toMatchObject({ status: 1, output: 'usage: node tools/bootstrap.mjs <script> [arguments…]\n' });
  });
});

describe('on a bare clone', () => {
  beforeEach((context) => {
    if (process.platform === 'win32') context.skip('the stand-in for npm is a shell script');
  });

  it('installs once, says so, and then runs the script; the second time nothing is installed', async () => {
    const clone = bareClone('once');
    const path = script('hello.mjs', "console.log('hello');");
    const first = await start(clone.bootstrap, [path], { PATH: clone.path });
    const second = await start(clone.bootstrap, [path], { PATH: clone.path });
    expect(first.output).toMatch(/^Installing .*npm ci.*\nInstalled in \d+ s\.\nhello\n$/);
    expect(second.output).toBe('hello\n');
    expect(linesOf(clone.installs)).toEqual(['ci --no-audit --no-fund --loglevel=error']);
  });

  it('of several that start at once one installs and the others wait', async () => {
    const clone = bareClone('together');
    const path = script('hello.mjs', "console.log('hello');");
    const results = await Promise.all([1, 2, 3].map(() => start(clone.bootstrap, [path], { PATH: clone.path })));
    expect(results.map(({ status }) => status)).toEqual([0, 0, 0]);
    expect(linesOf(clone.installs)).toHaveLength(1);
    expect(existsSync(join(clone.bootstrap, '../../.moldau/install.lock'))).toBe(false);
  });

  it('takes over the lock of an installer that was killed', async () => {
    const clone = bareClone('stale');
    const folder = join(clone.bootstrap, '../../.moldau');
    mkdirSync(folder);
    // No process has a number above the kernel's maximum.
    writeFileSync(join(folder, 'install.lock'), '4194305');
    const result = await start(clone.bootstrap, [script('hello.mjs', "console.log('hello');")], { PATH: clone.path });
    expect(result.output).toMatch(/hello\n$/);
    expect(linesOf(clone.installs)).toHaveLength(1);
  });

  it('fails with a sentence when npm fails', async () => {
    const clone = bareClone('failing');
    writeFileSync(join(clone.bootstrap, '../../fake-bin/npm'), '#!/bin/sh\necho "no network" >&2\nexit 9\n', { mode: 0o755 });
    const result = await start(clone.bootstrap, ['x.mjs'], { PATH: clone.path });
    expect(result.status).toBe(1);
    expect(result.output).toMatch(/no network\nnpm ci ended with status 9; its messages are above\n$/);
  });
});

function linesOf(path: string): readonly string[] {
  return readFileSync(path, 'utf8').trim().split('\n');
}
