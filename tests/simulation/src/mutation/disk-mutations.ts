import { type Disk, DiskError, type DiskFile } from '@moldau/kernel';

/** A disk that differs in how files are flushed and directories synced. */
interface DiskBehaviour {
  /** Flushes; default as the disk does. */
  sync?(file: DiskFile): Promise<void>;
  syncDirectory?(path: string): Promise<void>;
}

/** A flush is reported when it has begun: acknowledged before it is on the platter. */
export function syncsLater(disk: Disk): Disk {
  return behave(disk, {
    async sync(file) {
      underWay.set(
        file,
        file.sync().catch(() => {}),
      );
      return Promise.resolve();
    },
  });
}

/** A failed flush is tried again, and believed. */
export function retriesSync(disk: Disk): Disk {
  return behave(disk, {
    async sync(file) {
      try {
        await file.sync();
      } catch (error) {
        if (!(error instanceof DiskError) || error.kind !== 'io') throw error;
        await file.sync();
      }
    },
  });
}

/** New names are never made durable. */
export function forgetsDirectories(disk: Disk): Disk {
  return behave(disk, { syncDirectory: () => Promise.resolve() });
}

/** Every life of a broker begins without the checkpoint of its high watermarks. */
export function forgetsCheckpoints(disk: Disk): Disk {
  lives += 1;
  const life = lives;
  const own = (path: string): string => (path.includes(CHECKPOINT) ? `${path}${LIFE_MARK}${life}` : path);
  return {
    ...behave(disk, {}),
    open: (path, mode) => disk.open(own(path), mode),
    rename: (from, to) => disk.rename(own(from), own(to)),
    removeFile: (path) => disk.removeFile(own(path)),
    stat: (path) => disk.stat(own(path)),
    list: async (path) => (await disk.list(path)).filter(({ name }) => !name.includes(LIFE_MARK)),
  };
}

const CHECKPOINT = 'high-watermarks';
const LIFE_MARK = '.life-';
let lives = 0;

/** Flushes that go on behind their callers' backs; a file is closed after its own. */
const underWay = new WeakMap<DiskFile, Promise<void>>();

function behave(disk: Disk, { sync, syncDirectory }: DiskBehaviour): Disk {
  return {
    open: async (path, mode) => behaveFile(await disk.open(path, mode), sync),
    makeDirectory: (path) => disk.makeDirectory(path),
    list: (path) => disk.list(path),
    rename: (from, to) => disk.rename(from, to),
    removeFile: (path) => disk.removeFile(path),
    removeTree: (path) => disk.removeTree(path),
    syncDirectory: syncDirectory ?? ((path) => disk.syncDirectory(path)),
    stat: (path) => disk.stat(path),
    space: (path) => disk.space(path),
    lock: (path) => disk.lock(path),
  };
}

function behaveFile(file: DiskFile, sync: DiskBehaviour['sync']): DiskFile {
  return {
    path: file.path,
    read: (target, position) => file.read(target, position),
    write: (chunks, position) => file.write(chunks, position),
    sync: () => (sync === undefined ? file.sync() : sync(file)),
    truncate: (size) => file.truncate(size),
    size: () => file.size(),
    async close() {
      await underWay.get(file);
      await file.close();
    },
  };
}
