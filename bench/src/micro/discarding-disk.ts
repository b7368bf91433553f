import { type Disk, DiskError, type DiskFile, type FileStatus } from '@moldau/kernel';

const SPACE = { freeBytes: Number.MAX_SAFE_INTEGER, totalBytes: Number.MAX_SAFE_INTEGER };

/** A disk that costs nothing: it remembers names and sizes, and throws the bytes away. What is read back is zeros. */
export function createDiscardingDisk(): Disk {
  const sizes = new Map<string, number>();
  return {
    async open(path, mode): Promise<DiskFile> {
      if (mode === 'create') sizes.set(path, 0);
      else if (!sizes.has(path)) throw new DiskError('not-found', 'open', path);
      return new DiscardingFile(path, sizes);
    },
    makeDirectory: async () => {},
    list: async () => [],
    async rename(from, to): Promise<void> {
      sizes.set(to, sizes.get(from) ?? 0);
      sizes.delete(from);
    },
    removeFile: async (path) => void sizes.delete(path),
    removeTree: async () => {},
    syncDirectory: async () => {},
    async stat(path): Promise<FileStatus | undefined> {
      const sizeBytes = sizes.get(path);
      return sizeBytes === undefined ? undefined : { kind: 'file', sizeBytes };
    },
    space: async () => SPACE,
    lock: async () => ({ release: async () => {} }),
  };
}

class DiscardingFile implements DiskFile {
  readonly path: string;
  readonly #sizes: Map<string, number>;

  constructor(path: string, sizes: Map<string, number>) {
    this.path = path;
    this.#sizes = sizes;
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    return Math.max(0, Math.min(target.length, (await this.size()) - position));
  }

  async write(chunks: readonly Uint8Array[], position: number): Promise<void> {
    const end = chunks.reduce((at, chunk) => at + chunk.length, position);
    this.#sizes.set(this.path, Math.max(await this.size(), end));
  }

  async sync(): Promise<void> {}

  async truncate(size: number): Promise<void> {
    this.#sizes.set(this.path, size);
  }

  async size(): Promise<number> {
    return this.#sizes.get(this.path) ?? 0;
  }

  async close(): Promise<void> {}
}
