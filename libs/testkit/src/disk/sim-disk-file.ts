import { assert, DiskError, type DiskFile, type Random } from '@moldau/kernel';
import type { FileNode } from './directory-tree.ts';
import type { DiskQueue } from './disk-queue.ts';

/** What a file of the simulated disk needs of its disk. */
export interface FileHost {
  readonly queue: DiskQueue;
  /** Throws `io` when a bad sector is touched. */
  checkRead(path: string, from: number, to: number): void;
  /** How many of these bytes more the disk can hold. */
  room(bytes: number): number;
  /** The file's size changed by so many bytes. */
  grown(bytes: number): void;
  count(counter: 'reads' | 'writes' | 'syncs', bytes: number): void;
  closed(file: FileNode): void;
}

/** An open file of the simulated disk. Use after close, a close during a call and a buffer changed in flight are assertion failures. */
export class SimDiskFile implements DiskFile {
  readonly path: string;
  readonly #host: FileHost;
  readonly #node: FileNode;
  readonly #writable: boolean;
  #open = true;
  #calls = 0;

  constructor(host: FileHost, node: FileNode, path: string, writable: boolean) {
    this.#host = host;
    this.#node = node;
    this.path = path;
    this.#writable = writable;
    node.openHandles++;
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    this.#assertRange('read', position);
    const bytes = target.length;
    return this.#call('read', bytes, () => {
      this.#host.checkRead(this.path, position, position + bytes);
      const count = this.#node.content.read(target, position);
      this.#host.count('reads', count);
      return count;
    });
  }

  async write(chunks: readonly Uint8Array[], position: number): Promise<void> {
    this.#assertRange('write', position);
    assert(this.#writable, 'a file opened to read is not written', { path: this.path });
    const bytes = concatenate(chunks);
    await this.#call(
      'write',
      bytes.length,
      () => {
        assert(unchanged(chunks, bytes), 'a buffer did not change while its write was in flight', { path: this.path, position });
        this.#store(bytes, position, bytes.length);
      },
      { partly: (random) => this.#store(bytes, position, random.below(bytes.length + 1)) },
    );
  }

  async sync(): Promise<void> {
    const { content } = this.#node;
    const sequence = content.lastSequence;
    await this.#call(
      'sync',
      0,
      () => {
        content.commit(sequence);
        this.#host.count('syncs', 0);
      },
      { failed: () => content.drop(sequence) },
    );
  }

  async truncate(size: number): Promise<void> {
    this.#assertRange('truncate', size);
    assert(this.#writable, 'a file opened to read is not truncated', { path: this.path });
    await this.#call('truncate', 0, () => {
      const change = size - this.#node.content.size;
      if (change > 0 && this.#host.room(change) < change) throw new DiskError('no-space', 'truncate', this.path);
      this.#node.content.truncate(size);
      this.#host.grown(change);
    });
  }

  async size(): Promise<number> {
    return this.#call('size', 0, () => this.#node.content.size);
  }

  async close(): Promise<void> {
    assert(this.#calls === 0, 'a file is not closed while a call on it is under way', { path: this.path, calls: this.#calls });
    await this.#call('close', 0, () => {}, { closing: true });
    this.#node.openHandles--;
    this.#host.closed(this.#node);
  }

  async #call<Result>(
    operation: 'read' | 'write' | 'sync' | 'truncate' | 'size' | 'close',
    bytes: number,
    effect: () => Result,
    more: { failed?: () => void; partly?: (random: Random) => void; closing?: boolean } = {},
  ): Promise<Result> {
    assert(this.#open, 'a closed file is not used', { operation, path: this.path });
    if (more.closing === true) this.#open = false;
    this.#calls++;
    try {
      return await this.#host.queue.run({ operation, path: this.path, bytes, effect, ...more });
    } finally {
      this.#calls--;
    }
  }

  /** Stores the first `length` bytes, or as many of them as there is room for: a real write also stops half-way. */
  #store(bytes: Uint8Array, position: number, length: number): void {
    const { content } = this.#node;
    const growth = Math.max(0, position + length - content.size);
    const missing = growth - this.#host.room(growth);
    const fitting = Math.max(0, length - missing);
    const before = content.size;
    if (fitting > 0) content.write(bytes.subarray(0, fitting), position);
    this.#host.grown(content.size - before);
    this.#host.count('writes', fitting);
    if (missing > 0) throw new DiskError('no-space', 'write', this.path);
  }

  #assertRange(operation: string, position: number): void {
    assert(Number.isSafeInteger(position) && position >= 0, 'a position in a file is a safe integer ≥ 0', {
      operation,
      path: this.path,
      position,
    });
  }
}

/** A copy of all chunks in a row; not zeroed before it is filled. */
function concatenate(chunks: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const chunk of chunks) size += chunk.length;
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Whether the chunks still hold these bytes. */
function unchanged(chunks: readonly Uint8Array[], bytes: Uint8Array): boolean {
  let at = 0;
  for (const chunk of chunks) {
    if (Buffer.compare(chunk, bytes.subarray(at, at + chunk.length)) !== 0) return false;
    at += chunk.length;
  }
  return at === bytes.length;
}
