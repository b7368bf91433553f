import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DISK_CONTRACT } from '@moldau/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toDiskError } from './disk-errors.ts';
import { createNodeDisk } from './node-disk.ts';

const disk = createNodeDisk();
let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'moldau-disk-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe('NodeDisk keeps the contract of a disk', () => {
  for (const { name, run } of DISK_CONTRACT) {
    it(name, async () => {
      await run(disk, directory);
    });
  }
});

it('a directory in a file system that takes none is an error at once', async (context) => {
  if (process.platform !== 'linux') return context.skip('only Linux has /proc');
  await expect(disk.makeDirectory('/proc/moldau/data')).rejects.toMatchObject({ name: 'DiskError', kind: 'not-found' });
});

describe('an open file', () => {
  it('rejects what comes after close, and lets what came before finish', async () => {
    const file = await disk.open(`${directory}/a`, 'create');
    const bytes = new Uint8Array(8 * 1024 * 1024).fill(7);
    const write = file.write([bytes], 0);
    const sync = file.sync();
    const closing = file.close();
    await expect(file.sync()).rejects.toMatchObject({ name: 'DiskError', kind: 'closed' });
    await expect(file.close()).rejects.toMatchObject({ kind: 'closed' });
    await Promise.all([write, sync, closing]);
    expect((await disk.stat(`${directory}/a`))?.sizeBytes).toBe(bytes.length);
  });
});

describe('errors of the system', () => {
  it.each([
    ['ENOENT', 'not-found'],
    ['EEXIST', 'exists'],
    ['ENOSPC', 'no-space'],
    ['EDQUOT', 'no-space'],
    ['EROFS', 'read-only'],
    ['EACCES', 'denied'],
    ['EPERM', 'denied'],
    ['EMFILE', 'too-many-files'],
    ['ENFILE', 'too-many-files'],
    ['EIO', 'io'],
  ])('are told apart: %s is %s', (code, kind) => {
    expect(toDiskError('open', '/a', Object.assign(new Error('no'), { code }))).toMatchObject({ kind, operation: 'open', path: '/a' });
  });

  it('are told apart: no space', async () => {
    const full = await disk.open('/dev/full', 'write');
    await expect(full.write([new Uint8Array(10)], 0)).rejects.toMatchObject({ kind: 'no-space', operation: 'write', path: '/dev/full' });
    await full.close();
  });

  it('are none when many make directories below the same new parents at once', async () => {
    const paths = Array.from({ length: 50 }, (_, index) => `${directory}/together/${index % 3}/${index}`);
    await Promise.all(paths.map((path) => disk.makeDirectory(path)));
    for (const path of paths) expect((await disk.stat(path))?.kind).toBe('directory');
  });

  it('are told apart: a directory is not written', async () => {
    await expect(disk.open(directory, 'write')).rejects.toMatchObject({ kind: 'io' });
  });
});

describe('the lock', () => {
  const holderScript = `
    const { lockFile } = await import(process.argv[1]);
    await lockFile(process.argv[2]);
    console.log('held');
    setInterval(() => {}, 1000);
  `;

  function startHolder(path: string): ChildProcess {
    const module = new URL('./file-lock.ts', import.meta.url).href;
    return spawn(process.execPath, ['--input-type=module', '-e', holderScript, module, path], { stdio: ['ignore', 'pipe', 'ignore'] });
  }

  it('keeps other processes out, names the holder, and ends with it even when it is killed', async () => {
    const path = `${directory}/lock`;
    const child = startHolder(path);
    await once(child.stdout as NodeJS.EventEmitter, 'data');
    const failure: unknown = await disk.lock(path).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'DiskError', kind: 'locked' });
    expect(String(failure)).toContain(`process ${child.pid}`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const lock = await disk.lock(path);
    await lock.release();
    await lock.release();
  });

  it('holds while its file is looked at and asked for again, against other processes too', async () => {
    const path = `${directory}/lock`;
    const lock = await disk.lock(path);
    await disk.stat(path);
    await expect(disk.lock(path)).rejects.toMatchObject({ kind: 'locked' });
    const [exitCode] = (await once(startHolder(path), 'exit')) as [number];
    expect(exitCode).toBe(1);
    await lock.release();
  });
});
