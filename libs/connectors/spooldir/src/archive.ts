import { join } from 'node:path';
import type { Logger } from '@moldau/kernel';
import { moveInto, remove, writeNote } from './folder.ts';
import type { SpoolConfig } from './spool-config.ts';
import type { SpoolMetrics } from './spool-metrics.ts';

type End = 'done' | 'spoiled';

interface Waiting {
  readonly end: End;
  readonly cause: string | undefined;
  readonly trouble: string;
}

/** Moves finished files away. One that can't be moved is tried again, and holds up no other. */
export class Archive {
  readonly #config: SpoolConfig;
  readonly #logger: Logger;
  readonly #metrics: SpoolMetrics;
  /** Read to their end; their positions are not durable yet. */
  readonly #expected = new Set<string>();
  readonly #waiting = new Map<string, Waiting>();
  /** Moved, and their positions not yet forgotten. */
  readonly #moved = new Set<string>();

  constructor(config: SpoolConfig, logger: Logger, metrics: SpoolMetrics) {
    this.#config = config;
    this.#logger = logger;
    this.#metrics = metrics;
  }

  /** What keeps files from being moved. */
  get troubles(): readonly string[] {
    return [...this.#waiting.values()].map(({ trouble }) => trouble);
  }

  /** The file was read to its end: it is not to be read again before it is moved. */
  expect(name: string): void {
    this.#expected.add(name);
  }

  holds(name: string): boolean {
    return this.#expected.has(name) || this.#waiting.has(name);
  }

  /** All of the file that will ever be written is: moves it. Never throws; may be called twice. */
  async put(name: string, end: End, cause: string | undefined): Promise<void> {
    try {
      await this.#move(name, end, cause);
      this.#expected.delete(name);
      this.#waiting.delete(name);
      this.#moved.add(name);
      this.#metrics[end === 'done' ? 'finished' : 'spoiled'].add(1);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (!this.#waiting.has(name)) this.#logger.warn('a finished file can not be moved', { name, cause: message });
      this.#waiting.set(name, { end, cause, trouble: `${name} is read but can't be moved: ${message}` });
    }
  }

  /** Tries those again that could not be moved. */
  async retry(): Promise<void> {
    for (const [name, { end, cause }] of this.#waiting) await this.put(name, end, cause);
  }

  /** Names whose positions may be forgotten; each once. */
  takeMoved(): readonly string[] {
    const names = [...this.#moved];
    this.#moved.clear();
    return names;
  }

  /** Another file of that name is read now: its position must stay. */
  forgetNot(name: string): void {
    this.#moved.delete(name);
  }

  async #move(name: string, end: End, cause: string | undefined): Promise<void> {
    const path = join(this.#config['input.path'], name);
    const errorPath = this.#config['error.path'];
    if (end === 'spoiled' && errorPath !== undefined) {
      const target = await moveInto(path, name, errorPath);
      if (target !== undefined) await writeNote(`${target}.error.txt`, `${cause ?? 'unknown'}\n`);
      return;
    }
    const finishedPath = this.#config['finished.path'];
    if (this.#config['cleanup.policy'] === 'DELETE' || finishedPath === undefined) await remove(path);
    else await moveInto(path, name, finishedPath);
  }
}
