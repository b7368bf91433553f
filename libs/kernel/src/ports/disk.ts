/**
 * A disk as the storage engine sees it. Paths are absolute or relative to the process, with `/`.
 *
 * Contract of durability, which the simulated disk enforces:
 * - bytes written are safe only after `sync` of that file returned;
 * - a created, renamed or removed name is safe only after `syncDirectory` of its parent returned;
 * - after a failed `sync` the unsynced bytes may be lost even if a later `sync` succeeds, so nobody retries it.
 *
 * Every call rejects with a `DiskError`.
 */
export interface Disk {
  /** `read`: must exist. `write`: must exist, read and write. `create`: made empty, must not exist; read and write. */
  open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile>;
  /** Creates the directory and its missing parents; nothing happens when it exists. */
  makeDirectory(path: string): Promise<void>;
  /** Entries in no particular order; rejects `not-found`. */
  list(path: string): Promise<readonly DirectoryEntry[]>;
  /** Replaces `to` if it exists. */
  rename(from: string, to: string): Promise<void>;
  removeFile(path: string): Promise<void>;
  /** Removes the directory with all it holds. */
  removeTree(path: string): Promise<void>;
  /** Makes the names in this directory durable. */
  syncDirectory(path: string): Promise<void>;
  /** Undefined when nothing has that name. */
  stat(path: string): Promise<FileStatus | undefined>;
  /** Bytes free to this process and bytes in all, of the file system that holds `path`. */
  space(path: string): Promise<DiskSpace>;
  /** Takes the exclusive lock that `path` stands for until released or the process ends; rejects `locked` with the holder. */
  lock(path: string): Promise<DiskLock>;
}

/** An open file. The caller orders its calls: overlapping writes have no defined order. */
export interface DiskFile {
  readonly path: string;
  /** Fills `target` from `position`; resolves to the bytes read, fewer only at the end of the file. */
  read(target: Uint8Array, position: number): Promise<number>;
  /** Writes all chunks one after the other from `position`. The buffers must not change until it settles. */
  write(chunks: readonly Uint8Array[], position: number): Promise<void>;
  /** fdatasync. */
  sync(): Promise<void>;
  truncate(size: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

export interface DirectoryEntry {
  readonly name: string;
  readonly kind: 'file' | 'directory';
}

export interface FileStatus {
  readonly kind: 'file' | 'directory';
  readonly sizeBytes: number;
}

export interface DiskSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

export interface DiskLock {
  release(): Promise<void>;
}

/** What went wrong, as far as code decides by it; `io` is everything else (EIO, failed sync…). */
export type DiskErrorKind = 'not-found' | 'exists' | 'no-space' | 'read-only' | 'denied' | 'locked' | 'too-many-files' | 'closed' | 'io';

export class DiskError extends Error {
  override readonly name = 'DiskError';
  readonly kind: DiskErrorKind;
  readonly operation: string;
  readonly path: string;

  constructor(kind: DiskErrorKind, operation: string, path: string, options: { readonly cause?: unknown; readonly detail?: string } = {}) {
    super(`${operation} ${path}: ${options.detail ?? kind}`, { cause: options.cause });
    this.kind = kind;
    this.operation = operation;
    this.path = path;
  }
}
