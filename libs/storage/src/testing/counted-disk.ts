import type { DirectoryEntry, Disk, DiskFile, DiskLock, DiskSpace, FileStatus } from '@moldau/kernel';

const never = new Promise<never>(() => {});

/** A disk that counts the calls which change something and runs `atLimit` instead of the one after so many: the place to crash. */
export class CountedDisk implements Disk {
  /** Changing calls so far. */
  calls = 0;
  readonly #inner: Disk;
  readonly #limit: number;
  readonly #atLimit: () => void;

  constructor(inner: Disk, limit = Number.POSITIVE_INFINITY, atLimit: () => void = () => {}) {
    this.#inner = inner;
    this.#limit = limit;
    this.#atLimit = atLimit;
  }

  async open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> {
    const file = mode === 'create' ? await this.#change(() => this.#inner.open(path, mode)) : await this.#inner.open(path, mode);
    return {
      path,
      read: (target, position) => file.read(target, position),
      write: (chunks, position) => this.#change(() => file.write(chunks, position)),
      sync: () => this.#change(() => file.sync()),
      truncate: (size) => this.#change(() => file.truncate(size)),
      size: () => file.size(),
      close: () => file.close(),
    };
  }

  makeDirectory(path: string): Promise<void> {
    return this.#change(() => this.#inner.makeDirectory(path));
  }

  list(path: string): Promise<readonly DirectoryEntry[]> {
    return this.#inner.list(path);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#change(() => this.#inner.rename(from, to));
  }

  removeFile(path: string): Promise<void> {
    return this.#change(() => this.#inner.removeFile(path));
  }

  removeTree(path: string): Promise<void> {
    return this.#change(() => this.#inner.removeTree(path));
  }

  syncDirectory(path: string): Promise<void> {
    return this.#change(() => this.#inner.syncDirectory(path));
  }

  stat(path: string): Promise<FileStatus | undefined> {
    return this.#inner.stat(path);
  }

  space(path: string): Promise<DiskSpace> {
    return this.#inner.space(path);
  }

  lock(path: string): Promise<DiskLock> {
    return this.#inner.lock(path);
  }

  /** The call in flight at the limit may still happen: the disk behind decides. */
  #change<Result>(call: () => Promise<Result>): Promise<Result> {
    this.calls += 1;
    if (this.calls <= this.#limit) return call();
    if (this.calls === this.#limit + 1) {
      call().catch(() => {});
      this.#atLimit();
    }
    return never;
  }
}
