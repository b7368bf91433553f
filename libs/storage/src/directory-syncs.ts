import type { Disk } from '@moldau/kernel';

/** Syncs directories for many callers: those that come while a sync of the same directory waits its turn share it. */
export class DirectorySyncs {
  readonly #disk: Disk;
  readonly #running = new Map<string, Promise<void>>();
  readonly #next = new Map<string, Promise<void>>();

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** Resolves after a sync of this directory that began after the call. */
  sync(path: string): Promise<void> {
    const running = this.#running.get(path);
    if (running === undefined) return this.#start(path);
    let next = this.#next.get(path);
    if (next === undefined) {
      const begin = (): Promise<void> => {
        this.#next.delete(path);
        return this.#start(path);
      };
      next = running.then(begin, begin);
      this.#next.set(path, next);
    }
    return next;
  }

  #start(path: string): Promise<void> {
    const running = this.#disk.syncDirectory(path).finally(() => {
      if (this.#running.get(path) === running) this.#running.delete(path);
    });
    this.#running.set(path, running);
    return running;
  }
}
