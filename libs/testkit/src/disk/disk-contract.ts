import { assert, type Disk, DiskError, type DiskErrorKind } from '@moldau/kernel';

/** One promise of a port, to be checked against every implementation. */
export interface DiskContractCase {
  readonly name: string;
  /** Rejects when the promise is broken. `directory` exists and is empty. */
  run(disk: Disk, directory: string): Promise<void>;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

async function contents(disk: Disk, path: string): Promise<string> {
  const file = await disk.open(path, 'read');
  const target = new Uint8Array(await file.size());
  const count = await file.read(target, 0);
  await file.close();
  assert(count === target.length, 'a read up to the end fills its target', { path, count });
  return new TextDecoder().decode(target);
}

async function put(disk: Disk, path: string, value: string): Promise<void> {
  const file = await disk.open(path, 'create');
  await file.write([text(value)], 0);
  await file.close();
}

async function rejects(kind: DiskErrorKind, call: Promise<unknown>): Promise<void> {
  const outcome: unknown = await call.then(
    () => 'resolved',
    (error: unknown) => error,
  );
  assert(outcome instanceof DiskError && outcome.kind === kind, `the call rejects ${kind}`, { outcome: String(outcome) });
}

async function names(disk: Disk, path: string): Promise<string> {
  const entries = await disk.list(path);
  return entries
    .map((entry) => `${entry.name}:${entry.kind}`)
    .sort()
    .join(' ');
}

function same<Value>(actual: Value, expected: Value): void {
  assert(actual === expected, 'the value is as the contract says', { actual, expected });
}

const fileCases: readonly DiskContractCase[] = [
  {
    name: 'writes all chunks one after the other and reads them back',
    async run(disk, directory) {
      const file = await disk.open(`${directory}/a`, 'create');
      await file.write([text('one'), text(''), text('two'), text('three')], 0);
      await file.write([text('T')], 3);
      await file.sync();
      same(await file.size(), 11);
      const target = new Uint8Array(4);
      same(await file.read(target, 2), 4);
      same(new TextDecoder().decode(target), 'eTwo');
      await file.close();
    },
  },
  {
    name: 'writes more chunks in one call than a system call takes',
    async run(disk, directory) {
      const file = await disk.open(`${directory}/a`, 'create');
      const chunks = Array.from({ length: 3000 }, (_, index) => new Uint8Array(7).fill(index % 251));
      await file.write(chunks, 5);
      const target = new Uint8Array(7 * 3000);
      same(await file.read(target, 5), target.length);
      chunks.forEach((chunk, index) => same(Buffer.compare(chunk, target.subarray(index * 7, index * 7 + 7)), 0));
      await file.close();
    },
  },
  {
    name: 'reads fewer bytes only at the end of the file, and none behind it',
    async run(disk, directory) {
      await put(disk, `${directory}/a`, 'abc');
      const file = await disk.open(`${directory}/a`, 'read');
      same(await file.read(new Uint8Array(10), 1), 2);
      same(await file.read(new Uint8Array(10), 3), 0);
      same(await file.read(new Uint8Array(10), 100), 0);
      same(await file.read(new Uint8Array(0), 0), 0);
      await file.close();
    },
  },
  {
    name: 'fills a hole with zeros',
    async run(disk, directory) {
      const file = await disk.open(`${directory}/a`, 'create');
      await file.write([text('x')], 3);
      await file.close();
      same(await contents(disk, `${directory}/a`), '\0\0\0x');
    },
  },
  {
    name: 'truncates and extends with zeros',
    async run(disk, directory) {
      const file = await disk.open(`${directory}/a`, 'create');
      await file.write([text('abcdef')], 0);
      await file.truncate(2);
      await file.truncate(4);
      await file.close();
      same(await contents(disk, `${directory}/a`), 'ab\0\0');
    },
  },
  {
    name: 'opens to write an existing file without cutting it',
    async run(disk, directory) {
      await put(disk, `${directory}/a`, 'abc');
      const file = await disk.open(`${directory}/a`, 'write');
      await file.write([text('d')], 3);
      same(await file.read(new Uint8Array(9), 0), 4);
      await file.close();
      same(await contents(disk, `${directory}/a`), 'abcd');
    },
  },
  {
    name: 'keeps an open file readable after it is removed',
    async run(disk, directory) {
      await put(disk, `${directory}/a`, 'abc');
      const file = await disk.open(`${directory}/a`, 'read');
      await disk.removeFile(`${directory}/a`);
      same(await file.read(new Uint8Array(9), 0), 3);
      await file.close();
      same(await disk.stat(`${directory}/a`), undefined);
    },
  },
];

const nameCases: readonly DiskContractCase[] = [
  {
    name: 'rejects what is not there, or is already',
    async run(disk, directory) {
      await rejects('not-found', disk.open(`${directory}/a`, 'read'));
      await rejects('not-found', disk.open(`${directory}/a`, 'write'));
      await rejects('not-found', disk.open(`${directory}/no/a`, 'create'));
      await rejects('not-found', disk.list(`${directory}/a`));
      await rejects('not-found', disk.rename(`${directory}/a`, `${directory}/b`));
      await rejects('not-found', disk.removeFile(`${directory}/a`));
      await rejects('not-found', disk.removeTree(`${directory}/a`));
      await rejects('not-found', disk.syncDirectory(`${directory}/a`));
      await put(disk, `${directory}/a`, '');
      await rejects('exists', disk.open(`${directory}/a`, 'create'));
      await rejects('exists', disk.makeDirectory(`${directory}/a/b`));
    },
  },
  {
    name: 'makes directories with their parents, and again',
    async run(disk, directory) {
      await disk.makeDirectory(`${directory}/a/b/c`);
      await disk.makeDirectory(`${directory}/a/b/c`);
      await put(disk, `${directory}/a/f`, 'x');
      await disk.syncDirectory(`${directory}/a`);
      same(await names(disk, `${directory}/a`), 'b:directory f:file');
      same((await disk.stat(`${directory}/a/b`))?.kind, 'directory');
      same((await disk.stat(`${directory}/a/f`))?.sizeBytes, 1);
      same(await disk.stat(`${directory}/a/f/g`), undefined);
    },
  },
  {
    name: 'renames over an existing file and across directories',
    async run(disk, directory) {
      await disk.makeDirectory(`${directory}/d`);
      await put(disk, `${directory}/a`, 'new');
      await put(disk, `${directory}/d/b`, 'old');
      await disk.rename(`${directory}/a`, `${directory}/d/b`);
      same(await contents(disk, `${directory}/d/b`), 'new');
      await disk.rename(`${directory}/d`, `${directory}/e`);
      same(await names(disk, directory), 'e:directory');
      same(await contents(disk, `${directory}/e/b`), 'new');
    },
  },
  {
    name: 'removes a directory with all it holds',
    async run(disk, directory) {
      await disk.makeDirectory(`${directory}/a/b`);
      await put(disk, `${directory}/a/b/c`, 'x');
      await put(disk, `${directory}/a/d`, 'y');
      await disk.removeTree(`${directory}/a`);
      same(await names(disk, directory), '');
    },
  },
  {
    name: 'tells the space of the file system',
    async run(disk, directory) {
      const space = await disk.space(directory);
      assert(space.totalBytes > 0 && space.freeBytes >= 0 && space.freeBytes <= space.totalBytes, 'free space is a part of the total', {
        ...space,
      });
    },
  },
  {
    name: 'gives a lock to one holder at a time',
    async run(disk, directory) {
      const lock = await disk.lock(`${directory}/lock`);
      await rejects('locked', disk.lock(`${directory}/lock`));
      const other = await disk.lock(`${directory}/other`);
      await lock.release();
      const again = await disk.lock(`${directory}/lock`);
      await rejects('locked', disk.lock(`${directory}/lock`));
      await again.release();
      await other.release();
    },
  },
];

/** What every `Disk` must do while nothing fails; run by the specs of the simulated disk and of the real one. */
export const DISK_CONTRACT: readonly DiskContractCase[] = [...fileCases, ...nameCases];
