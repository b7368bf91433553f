import type { Pattern } from '@moldau/connect';
import type { Clock, Logger } from '@moldau/kernel';
import type { Cut } from './cut-lines.ts';
import type { FileIdentity } from './file-identity.ts';
import { currentIncarnation, type Incarnation, incarnations } from './incarnations.ts';
import { type Cutter, OpenFile } from './open-file.ts';

/** How far a path was read: in which of its files, and up to which byte. */
export interface TrailPosition {
  readonly identity: FileIdentity;
  readonly position: number;
}

export interface TrailOptions {
  readonly path: string;
  /** What stands behind the path's name in the names of rotated files. */
  readonly rotatedSuffix: Pattern;
  /** Where a file that was never read is begun. */
  readonly from: 'beginning' | 'end';
  /** A file that lost its name is read until nothing was added for this long: its writer may still have it open. */
  readonly rotateWaitMs: number;
  /** After this long without more, the last record is whole; undefined where a newline says so. */
  readonly quietMs: number | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Cutters for the middle of a file and for its end. */
export interface Cutters {
  readonly middle: Cutter;
  /** Of a record of several lines, the last complete lines are one. */
  readonly quiet: Cutter;
  /** What is left is the last line, with a newline or not. */
  readonly end: Cutter;
}

/**
 * Everything that was ever written under one path, as one stream: the file that has the path and those rotated away from
 * it, one after the other. One position is enough for it.
 *
 * absent ─ a file is there ─▶ reading ─ it lost its name or was emptied, and is read to its end ─▶ reading the next ─▶ …
 */
export class Trail {
  readonly #options: TrailOptions;
  #stored: TrailPosition | undefined;
  /** Where a file is begun of which nothing is known: a file that appears later is new as a whole. */
  #from: TrailOptions['from'];
  #file: OpenFile | undefined;
  /** Since when the file has not grown. */
  #quietSinceMs: number | undefined;
  /** The file has ended for good: it was emptied and this is the copy, or it was given up. */
  #copy = false;

  constructor(options: TrailOptions, stored: TrailPosition | undefined) {
    this.#options = options;
    this.#stored = stored;
    this.#from = options.from;
  }

  /** Where the next record is; undefined before there was a file. */
  position(): TrailPosition | undefined {
    return this.#file === undefined ? this.#stored : { identity: this.#file.identity, position: this.#file.position };
  }

  /** The next records; undefined when there are none for now. */
  async read(cutters: Cutters): Promise<Cut | undefined> {
    this.#file ??= await this.#begin();
    const file = this.#file;
    if (file === undefined) return undefined;
    if (this.#quietSinceMs === undefined || (await this.#goesOn(file))) {
      const cut = await file.read(cutters.middle);
      this.#quietSinceMs = cut === undefined ? this.#now() : undefined;
      return cut;
    }
    return await this.#atEnd(file, cutters);
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /** Whether a file that had been read to its end has more, after it was looked at. */
  async #goesOn(file: OpenFile): Promise<boolean> {
    const found = await file.look();
    if (found !== 'rewritten') return found === 'grown';
    await this.#moveTo(await this.#copyOf(file));
    return false;
  }

  async #atEnd(file: OpenFile, cutters: Cutters): Promise<Cut | undefined> {
    if (this.#file !== file) return undefined;
    const quietMs = this.#now() - (this.#quietSinceMs ?? this.#now());
    if (this.#options.quietMs !== undefined && quietMs >= this.#options.quietMs) {
      const cut = await file.take(cutters.quiet);
      if (cut !== undefined) return cut;
    }
    const current = await currentIncarnation(this.#options.path);
    if (!this.#copy && (current === undefined || current.inode === file.identity.inode)) return undefined;
    if (!this.#copy && quietMs < this.#options.rotateWaitMs) return undefined;
    const rest = await file.take(cutters.end);
    if (rest !== undefined) return rest;
    const next = await this.#successor(file);
    if (next !== undefined) await this.#moveTo(await opened(next));
    return undefined;
  }

  async #moveTo(next: OpenFile | undefined, copy = next !== undefined && next.position > 0): Promise<void> {
    const last = this.#file;
    this.#stored = undefined;
    this.#file = next;
    this.#copy = copy;
    this.#quietSinceMs = undefined;
    await last?.close();
  }

  /** The file behind this one; undefined while there is none. */
  async #successor(file: OpenFile): Promise<Incarnation | undefined> {
    const all = await incarnations(this.#options.path, this.#options.rotatedSuffix);
    const at = all.findIndex(({ inode }) => inode === file.identity.inode);
    return at < 0 ? all.at(-1) : all[at + 1];
  }

  /** Of a file that was emptied: its copy, where what was not yet read stands, or the file itself from its beginning. */
  async #copyOf(file: OpenFile): Promise<OpenFile | undefined> {
    const { identity, position } = file;
    const copy = await this.#find({ identity, position }, (other) => other.inode !== identity.inode);
    if (copy !== undefined) return copy;
    this.#options.logger.info('a file was emptied and no copy of it is there: it is read from its beginning', {
      path: this.#options.path,
      position,
    });
    return await ifPresent(() => OpenFile.open(this.#options.path, 'beginning'));
  }

  /** The first file of the trail: the one that was read last, if it is still there. */
  async #begin(): Promise<OpenFile | undefined> {
    const stored = this.#stored;
    const { path } = this.#options;
    const from = this.#from;
    this.#from = 'beginning';
    if (stored === undefined) return await ifPresent(() => OpenFile.open(path, from));
    const { inode } = stored.identity;
    const found = (await this.#find(stored, (file) => file.inode === inode)) ?? (await this.#find(stored, (file) => file.inode !== inode));
    if (found !== undefined) {
      this.#copy = found.identity.inode !== inode;
      return found;
    }
    if ((await currentIncarnation(path)) === undefined) return undefined;
    this.#options.logger.warn('the file that was read last is gone: the one that has its name now is read from its beginning', {
      path,
      position: stored.position,
    });
    return await ifPresent(() => OpenFile.open(path, 'beginning'));
  }

  /** The youngest file of the trail that is as the position says and that `among` allows. */
  async #find(known: TrailPosition, among: (file: Incarnation) => boolean): Promise<OpenFile | undefined> {
    const all = await incarnations(this.#options.path, this.#options.rotatedSuffix);
    for (const file of all.filter(among).toReversed()) {
      // Of a file of which nothing was read only its inode is known.
      if (known.identity.headBytes === 0 && file.inode !== known.identity.inode) continue;
      const found = await ifPresent(() => OpenFile.reopen(file.path, known.identity, known.position));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #now(): number {
    return this.#options.clock.monotonicMs();
  }
}

function opened(file: Incarnation): Promise<OpenFile | undefined> {
  return ifPresent(() => OpenFile.open(file.path, 'beginning'));
}

/** A file may go between the look into its folder and its opening. */
async function ifPresent<Value>(opening: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await opening();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
