import type { Clock } from '@moldau/kernel';
import { type FoundFile, matchingFiles } from './folder.ts';
import type { SpoolConfig } from './spool-config.ts';

/** Which of the files are this task's. */
export interface SpoolShare {
  readonly task: number;
  readonly of: number;
}

/** Finds files that are complete, in the order in which they are to be read. */
export class SpoolQueue {
  readonly #config: SpoolConfig;
  readonly #share: SpoolShare;
  readonly #clock: Clock;
  #ready: FoundFile[] = [];
  #scannedAtMs = Number.NEGATIVE_INFINITY;
  /** What the last look saw, by name. */
  #seen: ReadonlyMap<string, FoundFile> = new Map();

  constructor(config: SpoolConfig, share: SpoolShare, clock: Clock) {
    this.#config = config;
    this.#share = share;
    this.#clock = clock;
  }

  /** Files that are there and not yet complete, or not yet read. */
  get waiting(): number {
    return Math.max(this.#seen.size, this.#ready.length);
  }

  /** The next file that is complete; undefined if there is none just now. `taken`: names that are not to be given. */
  async next(taken: (name: string) => boolean): Promise<FoundFile | undefined> {
    for (;;) {
      const file = this.#ready.shift();
      if (file === undefined) {
        if (!(await this.#scan())) return undefined;
      } else if (!taken(file.name)) return file;
    }
  }

  /** Looks into the folder if it is time to; whether anything is complete. */
  async #scan(): Promise<boolean> {
    const now = this.#clock.monotonicMs();
    if (now - this.#scannedAtMs < this.#config['scan.interval.ms']) return false;
    this.#scannedAtMs = now;
    const found = await matchingFiles(this.#config['input.path'], (name) => this.#isMine(name));
    this.#ready = found.filter((file) => this.#isComplete(file)).sort(this.#config['input.file.order'] === 'name' ? byName : byTime);
    this.#seen = new Map(found.map((file) => [file.name, file]));
    return this.#ready.length > 0;
  }

  #isMine(name: string): boolean {
    return this.#config['input.file.pattern'].matches(name) && shareOf(name, this.#share.of) === this.#share.task;
  }

  /** Old enough by the file system's clock, and as the last look saw it, as that clock may be another machine's. */
  #isComplete(file: FoundFile): boolean {
    const age = this.#config['file.minimum.age.ms'];
    if (age === 0) return true;
    const before = this.#seen.get(file.name);
    const isStable = before?.size === file.size && before.modifiedMs === file.modifiedMs && before.inode === file.inode;
    return isStable && this.#clock.wallMs() - file.modifiedMs >= age;
  }
}

function byName(one: FoundFile, other: FoundFile): number {
  return one.name < other.name ? -1 : 1;
}

function byTime(one: FoundFile, other: FoundFile): number {
  return one.modifiedMs - other.modifiedMs || byName(one, other);
}

/** Number of the task, of `tasks`, that reads the file: the same in each task, whatever other files there are. */
function shareOf(name: string, tasks: number): number {
  let hash = 0;
  for (let at = 0; at < name.length; at += 1) hash = (Math.imul(hash, 31) + name.charCodeAt(at)) >>> 0;
  return hash % tasks;
}
