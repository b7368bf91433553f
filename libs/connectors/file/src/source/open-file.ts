import { type FileHandle, open } from 'node:fs/promises';
import type { Cut } from './cut-lines.ts';
import { type FileIdentity, HEAD_BYTES_MAX, hasHead, identify, inodeOf } from './file-identity.ts';

/** One read of the disk: large enough that its fixed cost is small beside that of cutting it into lines. */
const CHUNK_BYTES = 256 * 1024;
const NO_BYTES = Buffer.alloc(0);

/** Takes records from the front of a buffer. */
export type Cutter = (buffer: Buffer) => Cut;

/** What a look at a file that was read to its end found. */
export type EndOfFile = 'unchanged' | 'grown' | 'rewritten';

/** A file that is read forward from a position. */
export class OpenFile {
  readonly path: string;
  readonly #handle: FileHandle;
  #identity: FileIdentity;
  /** Of the first byte that no record was made of. */
  #position: number;
  /** Read from `#position` on, not yet made records of. */
  #pending: Buffer = NO_BYTES;
  /** Status at the last end of the file; undefined while it is read on. */
  #atEnd: { readonly size: number; readonly modifiedNs: bigint } | undefined;

  private constructor(path: string, handle: FileHandle, identity: FileIdentity, position: number) {
    this.path = path;
    this.#handle = handle;
    this.#identity = identity;
    this.#position = position;
  }

  /** Opens the file at its beginning, or at its end. */
  static async open(path: string, from: 'beginning' | 'end'): Promise<OpenFile> {
    const handle = await open(path, 'r');
    const position = from === 'end' ? (await handle.stat()).size : 0;
    return new OpenFile(path, handle, await identify(handle, position), position);
  }

  /** Opens the file at a position if it still is what `identity` says, whatever its inode; undefined otherwise. */
  static async reopen(path: string, identity: FileIdentity, position: number): Promise<OpenFile | undefined> {
    const handle = await open(path, 'r');
    if ((await handle.stat()).size < position || !(await hasHead(handle, identity))) {
      await handle.close();
      return undefined;
    }
    return new OpenFile(path, handle, { ...identity, inode: await inodeOf(handle) }, position);
  }

  get identity(): FileIdentity {
    return this.#identity;
  }

  get position(): number {
    return this.#position;
  }

  /** Bytes that were read and are no whole record yet. */
  get pendingBytes(): number {
    return this.#pending.length;
  }

  /** The next records by `cut`; undefined at the end of the file. */
  async read(cut: Cutter): Promise<Cut | undefined> {
    for (;;) {
      if (this.#pending.length > 0) {
        const found = await this.take(cut);
        if (found !== undefined) return found;
      }
      if (!(await this.#fill())) return undefined;
    }
  }

  /** Records of what has been read already. */
  async take(cut: Cutter): Promise<Cut | undefined> {
    const found = cut(this.#pending);
    if (found.lines.length === 0) return undefined;
    this.#pending = this.#pending.subarray(found.consumed);
    this.#position += found.consumed;
    if (this.#identity.headBytes < HEAD_BYTES_MAX) this.#identity = await identify(this.#handle, this.#position);
    return found;
  }

  /** Looks at a file that was read to its end before. */
  async look(): Promise<EndOfFile> {
    const status = await this.#handle.stat({ bigint: true });
    const now = { size: Number(status.size), modifiedNs: status.mtimeNs };
    const last = this.#atEnd;
    this.#atEnd = now;
    const end = this.#position + this.#pending.length;
    if (now.size < end) return 'rewritten';
    if (last?.modifiedNs !== now.modifiedNs && !(await hasHead(this.#handle, this.#identity))) return 'rewritten';
    return now.size > end ? 'grown' : 'unchanged';
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  /** Reads on; false at the end of the file. */
  async #fill(): Promise<boolean> {
    const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    const { bytesRead } = await this.#handle.read(chunk, 0, CHUNK_BYTES, this.#position + this.#pending.length);
    if (bytesRead === 0) return false;
    const read = chunk.subarray(0, bytesRead);
    this.#pending = this.#pending.length === 0 ? read : Buffer.concat([this.#pending, read]);
    return true;
  }
}
