import { open as openDescriptor } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm, stat, statfs, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Disk, DiskError, type FileStatus } from '@moldau/kernel';
import { diskCall, errorCode, toDiskError } from './disk-errors.ts';
import { lockFile } from './file-lock.ts';
import { NodeDiskFile } from './node-disk-file.ts';

const FLAGS = { read: 'r', write: 'r+', create: 'wx+' } as const;

/** The port `Disk` on the file systems of this machine. */
export function createNodeDisk(): Disk {
  return {
    open: openFile,
    makeDirectory,
    list: (path) =>
      diskCall('list', path, async () => {
        const entries = await readdir(path, { withFileTypes: true });
        return entries.map((entry) => ({ name: entry.name, kind: entry.isDirectory() ? ('directory' as const) : ('file' as const) }));
      }),
    rename: (from, to) => diskCall('rename', from, () => rename(from, to)),
    removeFile: (path) => diskCall('removeFile', path, () => unlink(path)),
    removeTree: (path) =>
      diskCall('removeTree', path, async () => {
        if (!(await lstat(path)).isDirectory()) throw new DiskError('io', 'removeTree', path, { detail: 'is not a directory' });
        await rm(path, { recursive: true });
      }),
    syncDirectory: (path) => diskCall('syncDirectory', path, () => syncDirectory(path)),
    stat: (path) => diskCall('stat', path, () => fileStatus(path)),
    space: (path) =>
      diskCall('space', path, async () => {
        const { bavail, blocks, bsize } = await statfs(path);
        return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
      }),
    lock: (path) => diskCall('lock', path, () => lockFile(path)),
  };
}

function openFile(path: string, mode: 'read' | 'write' | 'create'): Promise<NodeDiskFile> {
  return new Promise((resolve, reject) => {
    openDescriptor(path, FLAGS[mode], (error, descriptor) => {
      if (error === null) resolve(new NodeDiskFile(path, descriptor));
      else reject(toDiskError('open', path, error));
    });
  });
}

/**
 * Step by step, not by Node's own recursive mode: that never returns where no directory can be made, such as below /proc.
 * Others may make the same parents meanwhile.
 */
async function makeDirectory(path: string): Promise<void> {
  const failure = await tryMakeDirectory(path);
  if (failure === undefined) return;
  const parent = dirname(path);
  if (errorCode(failure) === 'ENOENT' && parent !== path) {
    await makeDirectory(parent);
    const again = await tryMakeDirectory(path);
    if (again === undefined) return;
    throw toDiskError('makeDirectory', path, again);
  }
  // A file stands where a directory should be.
  if (errorCode(failure) === 'ENOTDIR') throw new DiskError('exists', 'makeDirectory', path, { cause: failure });
  throw failure instanceof DiskError ? failure : toDiskError('makeDirectory', path, failure);
}

/** Undefined when the directory is there now. */
async function tryMakeDirectory(path: string): Promise<unknown> {
  try {
    await mkdir(path);
    return undefined;
  } catch (caught) {
    if (errorCode(caught) !== 'EEXIST') return caught;
    if ((await fileStatus(path))?.kind === 'directory') return undefined;
    return new DiskError('exists', 'makeDirectory', path, { cause: caught });
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function fileStatus(path: string): Promise<FileStatus | undefined> {
  try {
    const status = await stat(path);
    return { kind: status.isDirectory() ? 'directory' : 'file', sizeBytes: status.isDirectory() ? 0 : status.size };
  } catch (caught) {
    if (errorCode(caught) === 'ENOENT' || errorCode(caught) === 'ENOTDIR') return undefined;
    throw caught;
  }
}
