import { close, fdatasync, fstat, ftruncate, read, write, writev } from 'node:fs';
import { DiskError, type DiskFile } from '@moldau/kernel';
import { toDiskError } from './disk-errors.ts';

/** One system call takes at most so many buffers (IOV_MAX) on Linux and macOS. */
const BUFFERS_MAX = 1024;

/**
 * An open file by its descriptor. Node's callback functions: a promise per call of ours instead of its FileHandle's
 * several. Closing waits for the calls under way, as the system would give their descriptor to another file.
 */
export class NodeDiskFile implements DiskFile {
  readonly path: string;
  readonly #descriptor: number;
  #calls = 0;
  #closed = false;
  #idle: (() => void) | undefined;

  constructor(path: string, descriptor: number) {
    this.path = path;
    this.#descriptor = descriptor;
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    let filled = 0;
    while (filled < target.length) {
      const from = filled;
      const count = await this.#call<number>('read', (done) =>
        read(this.#descriptor, target, from, target.length - from, position + from, done),
      );
      if (count === 0) break;
      filled += count;
    }
    return filled;
  }

  async write(chunks: readonly Uint8Array[], position: number): Promise<void> {
    let pending = chunks.filter((chunk) => chunk.length > 0);
    let at = position;
    while (pending.length > 0) {
      const written = await this.#writeSome(pending, at);
      at += written;
      pending = withoutFirst(pending, written);
    }
  }

  async sync(): Promise<void> {
    await this.#call<void>('sync', (done) => fdatasync(this.#descriptor, (error) => done(error)));
  }

  async truncate(size: number): Promise<void> {
    await this.#call<void>('truncate', (done) => ftruncate(this.#descriptor, size, (error) => done(error)));
  }

  async size(): Promise<number> {
    return this.#call<number>('size', (done) => fstat(this.#descriptor, (error, stats) => done(error, stats?.size)));
  }

  async close(): Promise<void> {
    this.#checkOpen('close');
    this.#closed = true;
    if (this.#calls > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    await new Promise<void>((resolve, reject) => {
      close(this.#descriptor, (error) =>
        error === null || error === undefined ? resolve() : reject(toDiskError('close', this.path, error)),
      );
    });
  }

  #writeSome(chunks: readonly Uint8Array[], position: number): Promise<number> {
    const [first] = chunks;
    if (chunks.length === 1 && first !== undefined) {
      return this.#call<number>('write', (done) => write(this.#descriptor, first, 0, first.length, position, done));
    }
    const some = chunks.length > BUFFERS_MAX ? chunks.slice(0, BUFFERS_MAX) : chunks;
    return this.#call<number>('write', (done) => writev(this.#descriptor, some, position, done));
  }

  #call<Result>(operation: string, start: (done: (error: NodeJS.ErrnoException | null, result?: Result) => void) => void): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#checkOpen(operation);
      this.#calls++;
      start((error, result) => {
        this.#calls--;
        if (this.#calls === 0) this.#idle?.();
        if (error) reject(toDiskError(operation, this.path, error));
        else resolve(result as Result);
      });
    });
  }

  #checkOpen(operation: string): void {
    if (this.#closed) throw new DiskError('closed', operation, this.path);
  }
}

/** What is left after so many bytes were written: a system call may stop early. */
function withoutFirst(chunks: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let left = bytes;
  let index = 0;
  for (; index < chunks.length; index++) {
    const length = chunks[index]?.length ?? 0;
    if (left < length) break;
    left -= length;
  }
  const rest = chunks.slice(index);
  const [first] = rest;
  if (left > 0 && first !== undefined) rest[0] = first.subarray(left);
  return rest;
}
