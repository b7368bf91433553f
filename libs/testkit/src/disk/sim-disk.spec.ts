import { AssertionError, DiskError } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../random/seeded-random.ts';
import { DISK_CONTRACT } from './disk-contract.ts';
import { SimDisk } from './sim-disk.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const read = (disk: SimDisk, path: string): string => new TextDecoder().decode(disk.contents(path));

async function durableFile(disk: SimDisk, path: string, value: string): Promise<void> {
  const file = await disk.open(path, 'create');
  await file.write([text(value)], 0);
  await file.sync();
  await file.close();
  await disk.syncDirectory('/');
}

describe('SimDisk keeps the contract of a disk', () => {
  for (const { name, run } of DISK_CONTRACT) {
    it(name, async () => {
      const disk = new SimDisk();
      await disk.makeDirectory('/data');
      await run(disk, '/data');
      expect(disk.stats.openFiles).toBe(0);
    });
  }
});

describe('a power loss', () => {
  it('keeps synced bytes under synced names and nothing else', async () => {
    const disk = new SimDisk();
    await durableFile(disk, '/kept', 'safe');
    const file = await disk.open('/kept', 'write');
    await file.write([text(' and not')], 4);
    const unnamed = await disk.open('/unnamed', 'create');
    await unnamed.write([text('x')], 0);
    await unnamed.sync();
    const after = disk.crash();
    expect(read(after, '/kept')).toBe('safe');
    expect(await after.stat('/unnamed')).toBeUndefined();
  });

  it('loses a whole directory whose own name was not synced', async () => {
    const disk = new SimDisk();
    await disk.makeDirectory('/a/b');
    await (await disk.open('/a/b/c', 'create')).sync();
    await disk.syncDirectory('/a/b');
    await disk.syncDirectory('/a');
    expect(await disk.crash().stat('/a')).toBeUndefined();
  });

  it('keeps a removed name until its directory is synced', async () => {
    const disk = new SimDisk();
    await durableFile(disk, '/a', 'x');
    await disk.removeFile('/a');
    expect(read(disk.crash(), '/a')).toBe('x');
    const other = new SimDisk();
    await durableFile(other, '/a', 'x');
    await other.removeFile('/a');
    await other.syncDirectory('/');
    expect(await other.crash().stat('/a')).toBeUndefined();
  });

  it('leaves the old or the new file under the target of an unsynced rename, never none', async () => {
    const outcomes = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const disk = new SimDisk();
      await durableFile(disk, '/target', 'old');
      await durableFile(disk, '/temporary', 'new');
      await disk.rename('/temporary', '/target');
      const after = disk.crash({ torn: new SeededRandom(seed) });
      const target = read(after, '/target');
      outcomes.add(`${target} ${(await after.stat('/temporary')) === undefined ? 'gone' : 'there'}`);
    }
    expect([...outcomes].sort()).toEqual(['new gone', 'old there']);
  });

  it('tears unsynced bytes at sectors, never touching synced ones', async () => {
    const kinds = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const disk = new SimDisk();
      await durableFile(disk, '/a', 'S'.repeat(1000));
      const file = await disk.open('/a', 'write');
      await file.write([text('1'.repeat(5000))], 1000);
      await file.write([text('2'.repeat(5000))], 6000);
      const after = read(disk.crash({ torn: new SeededRandom(seed) }), '/a');
      expect(after.slice(0, 1000)).toBe('S'.repeat(1000));
      if (after.length === 1000) kinds.add('nothing');
      else if (after === 'S'.repeat(1000) + '1'.repeat(5000) + '2'.repeat(5000)) kinds.add('everything');
      else if (/^S+1*2*$/.test(after)) kinds.add('a prefix');
      else if (/[^S12\0]/.test(after)) kinds.add('garbage');
      else kinds.add('holes');
    }
    expect([...kinds].sort()).toEqual(['a prefix', 'everything', 'garbage', 'holes', 'nothing']);
  });

  it('comes out the same from the same seed', async () => {
    const run = async (seed: number): Promise<string> => {
      const disk = new SimDisk();
      const file = await disk.open('/a', 'create');
      await disk.syncDirectory('/');
      await file.write([text('x'.repeat(20_000))], 0);
      return read(disk.crash({ torn: new SeededRandom(seed) }), '/a');
    };
    for (let seed = 0; seed < 20; seed++) expect(await run(seed)).toBe(await run(seed));
  });
});

describe('a killed process', () => {
  it('leaves all that was written, without making it durable', async () => {
    const disk = new SimDisk();
    await durableFile(disk, '/a', 'safe');
    const file = await disk.open('/a', 'write');
    await file.write([text('!')], 4);
    await disk.lock('/lock');
    const after = disk.kill();
    expect(read(after, '/a')).toBe('safe!');
    expect(after.stats.openFiles).toBe(0);
    await after.lock('/lock');
    expect(read(after.crash(), '/a')).toBe('safe');
  });

  it('may or may not have made the calls in flight, and hears of none', async () => {
    const outcomes = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const disk = new SimDisk();
      const file = await disk.open('/a', 'create');
      let settled = false;
      const settle = (): void => {
        settled = true;
      };
      file.write([text('abc')], 0).then(settle, settle);
      const after = disk.kill({ random: new SeededRandom(seed) });
      outcomes.add(read(after, '/a'));
      await new Promise((resolve) => setImmediate(resolve));
      expect(settled).toBe(false);
    }
    expect([...outcomes].sort()).toEqual(['', 'a', 'ab', 'abc']);
  });
});

describe('faults', () => {
  it('drops the bytes of a failed sync as clean, so that the next one lies', async () => {
    const disk = new SimDisk();
    const file = await disk.open('/a', 'create');
    await disk.syncDirectory('/');
    await file.write([text('lost')], 0);
    disk.faults.inject({ operation: 'sync' });
    await expect(file.sync()).rejects.toMatchObject({ name: 'DiskError', kind: 'io' });
    await file.write([text('kept')], 4);
    await file.sync();
    expect(read(disk, '/a')).toBe('lostkept');
    expect(read(disk.crash(), '/a')).toBe('\0\0\0\0kept');
  });

  it('fails the n-th matching call, so many times', async () => {
    const disk = new SimDisk();
    const file = await disk.open('/a', 'create');
    disk.faults.inject({ operation: 'write', nth: 2, times: 2, path: '/a', kind: 'no-space' });
    const outcomes: boolean[] = [];
    for (let call = 0; call < 5; call++) {
      outcomes.push(
        await file.write([text('x')], call).then(
          () => true,
          () => false,
        ),
      );
    }
    expect(outcomes).toEqual([true, false, false, true, true]);
  });

  it('runs out of space in the middle of a write, and gets it back', async () => {
    const disk = new SimDisk({ capacityBytes: 10 });
    const file = await disk.open('/a', 'create');
    await expect(file.write([text('0123456789abc')], 0)).rejects.toMatchObject({ kind: 'no-space' });
    expect(read(disk, '/a')).toBe('0123456789');
    expect(await disk.space('/')).toEqual({ freeBytes: 0, totalBytes: 10 });
    await file.write([text('x')], 2);
    await disk.removeFile('/a');
    expect((await disk.space('/')).freeBytes).toBe(0);
    await file.close();
    expect((await disk.space('/')).freeBytes).toBe(10);
  });

  it('is read-only, has bad sectors and too few descriptors when told so', async () => {
    const disk = new SimDisk({ maxOpenFiles: 1 });
    await durableFile(disk, '/a', '0123456789');
    disk.faults.readOnly = true;
    await expect(disk.open('/b', 'create')).rejects.toMatchObject({ kind: 'read-only' });
    await expect(disk.removeFile('/a')).rejects.toMatchObject({ kind: 'read-only' });
    const file = await disk.open('/a', 'read');
    await expect(disk.open('/a', 'read')).rejects.toMatchObject({ kind: 'too-many-files' });
    disk.faults.failReads('/a', 4, 6);
    await expect(file.read(new Uint8Array(5), 0)).rejects.toMatchObject({ kind: 'io' });
    expect(await file.read(new Uint8Array(4), 0)).toBe(4);
    disk.corrupt('/a', 0, 0x01);
    disk.cut('/a', 3);
    expect(read(disk, '/a')).toBe('112');
    expect(read(disk.crash(), '/a')).toBe('112');
  });

  it('holds calls until released', async () => {
    const disk = new SimDisk();
    const file = await disk.open('/a', 'create');
    const hold = disk.hold('sync');
    let synced = false;
    const sync = file.sync().then(() => {
      synced = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect([synced, hold.waiting]).toEqual([false, 1]);
    hold.release();
    await sync;
    expect(synced).toBe(true);
  });
});

describe('misuse', () => {
  it('is an assertion failure', async () => {
    const disk = new SimDisk();
    const file = await disk.open('/a', 'create');
    const bytes = text('abc');
    const write = file.write([bytes], 0);
    bytes[0] = 0;
    await expect(write).rejects.toBeInstanceOf(AssertionError);
    const reading = file.size();
    await expect(file.close()).rejects.toBeInstanceOf(AssertionError);
    await reading;
    await file.close();
    await expect(file.sync()).rejects.toBeInstanceOf(AssertionError);
    await expect(file.close()).rejects.toBeInstanceOf(AssertionError);
    const readable = await disk.open('/a', 'read');
    await expect(readable.write([], 0)).rejects.toBeInstanceOf(AssertionError);
  });

  it('of a path is an operating error', async () => {
    const disk = new SimDisk();
    await disk.makeDirectory('/d');
    await expect(disk.open('/d', 'read')).rejects.toBeInstanceOf(DiskError);
    await expect(disk.list('/none')).rejects.toMatchObject({ kind: 'not-found', operation: 'list', path: '/none' });
  });

  it('counts files that were closed with unsynced bytes', async () => {
    const disk = new SimDisk();
    const file = await disk.open('/a', 'create');
    await file.write([text('x')], 0);
    await file.close();
    expect(disk.stats).toMatchObject({ closedDirty: 1, openFiles: 0, writes: 1, writtenBytes: 1, syncs: 0 });
  });
});
