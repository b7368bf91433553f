import type { Disk } from '@moldau/kernel';
import { isDiskError, removeIfThere } from './disk-calls.ts';
import { RESERVE_FILE } from './paths.ts';

/**
 * A file that only takes up room. When the disk has none left, others than this process may have filled it, it is given up
 * for the work that frees space or ends the process well: that has small files to write first. Made again when there is room.
 */
export class SpaceReserve {
  readonly #disk: Disk;
  readonly #root: string;
  readonly #bytes: number;
  /** Whether the file is there, whole. */
  #held = false;

  constructor(disk: Disk, root: string, bytes: number) {
    this.#disk = disk;
    this.#root = root;
    this.#bytes = bytes;
  }

  get held(): boolean {
    return this.#held;
  }

  /** Runs `work`; when it finds no space, once more after the reserve was given up. `work` may be run again from its start. */
  async use<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (!isDiskError(error, 'no-space') || !this.#held) throw error;
    }
    await this.giveUp();
    return work();
  }

  /** Frees the room; nothing happens when the file is not there. */
  async giveUp(): Promise<void> {
    if (!this.#held) return;
    this.#held = false;
    await removeIfThere(this.#disk, this.#path);
    // Some file systems hand out freed blocks only once it is durable that they are free.
    await this.#disk.syncDirectory(this.#root);
  }

  /** Makes the file unless it is there, or `freeBytes` are not enough for it. */
  async refill(freeBytes: number): Promise<void> {
    if (this.#held || freeBytes < this.#bytes) return;
    const status = await this.#disk.stat(this.#path);
    if (status?.sizeBytes !== this.#bytes) await this.#make();
    else this.#held = true;
  }

  get #path(): string {
    return `${this.#root}/${RESERVE_FILE}`;
  }

  async #make(): Promise<void> {
    await removeIfThere(this.#disk, this.#path);
    const file = await this.#disk.open(this.#path, 'create');
    try {
      // Written, not only made long: a hole takes no room.
      await file.write([new Uint8Array(this.#bytes)], 0);
      await file.sync();
      this.#held = true;
    } catch (error) {
      if (!isDiskError(error, 'no-space')) throw error;
    } finally {
      await file.close();
    }
    if (!this.#held) await removeIfThere(this.#disk, this.#path);
  }
}
