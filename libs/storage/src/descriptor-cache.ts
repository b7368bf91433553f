import type { Disk, DiskFile } from '@moldau/kernel';
import { isDiskError } from './disk-calls.ts';
import type { Segment } from './segment.ts';

/** An open segment file. */
export interface Descriptor {
  readonly segment: Segment;
  readonly file: DiskFile;
  /** Operations that use it now. */
  users: number;
}

/**
 * Keeps at most so many segment files open, least recently used closed first. A file with unsynced bytes of this life is
 * never closed: the kernel may report a failed write-back only to the descriptor that wrote. When all are in use or dirty, openers wait
 * and `relieve` is asked to flush.
 */
export class DescriptorCache {
  readonly #disk: Disk;
  readonly #limit: number;
  readonly #relieve: () => void;
  readonly #open = new Set<Descriptor>();
  readonly #opening = new Map<Segment, Promise<Descriptor>>();
  readonly #waiters: (() => void)[] = [];
  /** Open, opening or closing. */
  #count = 0;

  constructor(disk: Disk, limit: number, relieve: () => void) {
    this.#disk = disk;
    this.#limit = limit;
    this.#relieve = relieve;
  }

  get openFiles(): number {
    return this.#count;
  }

  /** The segment's open file, made when it does not exist; `release` it after use. */
  async acquire(segment: Segment): Promise<Descriptor> {
    for (;;) {
      const ready = segment.descriptor;
      if (ready !== undefined) {
        ready.users += 1;
        this.#open.delete(ready);
        this.#open.add(ready);
        return ready;
      }
      const opening = this.#opening.get(segment) ?? this.#openSegment(segment);
      await opening;
    }
  }

  release(descriptor: Descriptor): void {
    descriptor.users -= 1;
    if (descriptor.users === 0) this.wake();
  }

  /** Something may have become closable: a user left or a sync made a file clean. */
  wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }

  /** Closes the file of a segment that is removed, once nobody uses it; it may be used by reads until then. */
  async discard(segment: Segment): Promise<void> {
    const descriptor = segment.descriptor;
    if (descriptor === undefined) return;
    while (descriptor.users > 0) await new Promise<void>((resolve) => this.#waiters.push(resolve));
    if (segment.descriptor === descriptor) await this.#close(descriptor);
    this.wake();
  }

  /** Closes everything; for shutdown, when nothing is in use. */
  async close(): Promise<void> {
    for (const descriptor of [...this.#open]) await this.#close(descriptor);
  }

  async #openSegment(segment: Segment): Promise<Descriptor> {
    const opening = this.#reserveAndOpen(segment);
    this.#opening.set(segment, opening);
    try {
      return await opening;
    } finally {
      this.#opening.delete(segment);
    }
  }

  async #reserveAndOpen(segment: Segment): Promise<Descriptor> {
    await this.#reserve();
    try {
      const file = await this.#openFile(segment);
      const descriptor: Descriptor = { segment, file, users: 0 };
      segment.descriptor = descriptor;
      this.#open.add(descriptor);
      return descriptor;
    } catch (error) {
      this.#count -= 1;
      this.wake();
      throw error;
    }
  }

  async #openFile(segment: Segment): Promise<DiskFile> {
    if (segment.exists) return this.#disk.open(segment.path, 'write');
    try {
      const file = await this.#disk.open(segment.path, 'create');
      segment.exists = true;
      return file;
    } catch (error) {
      // Left empty by an earlier life.
      if (!isDiskError(error, 'exists')) throw error;
    }
    const file = await this.#disk.open(segment.path, 'write');
    segment.exists = true;
    return file;
  }

  /** Waits for room for one more. */
  async #reserve(): Promise<void> {
    while (this.#count >= this.#limit) {
      const idle = this.#leastRecentIdle();
      if (idle !== undefined) {
        await this.#close(idle);
        continue;
      }
      this.#relieve();
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
    this.#count += 1;
  }

  #leastRecentIdle(): Descriptor | undefined {
    for (const descriptor of this.#open) {
      const { dirty, inherited } = descriptor.segment;
      if (descriptor.users === 0 && (!dirty || inherited)) return descriptor;
    }
    return undefined;
  }

  async #close(descriptor: Descriptor): Promise<void> {
    this.#open.delete(descriptor);
    descriptor.segment.descriptor = undefined;
    try {
      await descriptor.file.close();
    } finally {
      this.#count -= 1;
    }
  }
}
