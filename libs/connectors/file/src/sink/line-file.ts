import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface LineFileOptions {
  readonly path: string;
  /** Size at which the file is renamed; 0: never. */
  readonly bytesMax: number;
  /** How many renamed files are kept. */
  readonly filesMax: number;
}

/** A file that is only added to. */
export class LineFile {
  readonly #options: LineFileOptions;
  readonly #handle: FileHandle;
  #size: number;
  #dirty = false;

  private constructor(options: LineFileOptions, handle: FileHandle, size: number) {
    this.#options = options;
    this.#handle = handle;
    this.#size = size;
  }

  /** Opens the file at its end; makes it and its folder where they are absent. */
  static async open(options: LineFileOptions): Promise<LineFile> {
    await mkdir(dirname(options.path), { recursive: true });
    const handle = await open(options.path, 'a');
    return new LineFile(options, handle, (await handle.stat()).size);
  }

  get isFull(): boolean {
    return this.#options.bytesMax > 0 && this.#size >= this.#options.bytesMax;
  }

  /** Adds all of the bytes, or none of them where the disk is full. */
  async append(bytes: Uint8Array): Promise<void> {
    this.#dirty = true;
    let written = 0;
    try {
      while (written < bytes.length) written += (await this.#handle.write(bytes, written)).bytesWritten;
      this.#size += bytes.length;
    } catch (error) {
      await this.#takeBack(written);
      throw error;
    }
  }

  /** Leaves no torn line behind, where nobody else adds to the file. */
  async #takeBack(written: number): Promise<void> {
    if (written > 0 && (await this.#handle.stat()).size === this.#size + written) await this.#handle.truncate(this.#size);
  }

  /** What was added survives a crash of the machine. */
  async sync(): Promise<void> {
    if (!this.#dirty) return;
    this.#dirty = false;
    await this.#handle.datasync();
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  /** Closes the file for good and renames it and those before it. */
  async rotate(): Promise<void> {
    await this.sync();
    await this.close();
    const { path, filesMax } = this.#options;
    await rm(`${path}.${filesMax}`, { force: true });
    for (let number = filesMax - 1; number >= 0; number -= 1) {
      await rename(number === 0 ? path : `${path}.${number}`, `${path}.${number + 1}`).catch(ignoreAbsent);
    }
  }
}

function ignoreAbsent(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
}
