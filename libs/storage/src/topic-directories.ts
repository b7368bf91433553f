import type { Disk, TopicId } from '@moldau/kernel';
import { DirectorySyncs } from './directory-syncs.ts';
import { isDiskError } from './disk-calls.ts';
import { TOPICS_DIRECTORY, topicDirectory } from './paths.ts';

/**
 * The directories between `topics` and the partitions. Makes their names durable with as few syncs as that takes, and
 * removes them when they are empty: never while a partition is being made in one, and one that is to be made waits for it.
 */
export class TopicDirectories {
  readonly #disk: Disk;
  readonly #root: string;
  readonly #syncs: DirectorySyncs;
  /** Topics whose own name is known to be durable. */
  readonly #durable = new Set<TopicId>();
  /** Partitions being made, by topic. */
  readonly #making = new Map<TopicId, number>();
  readonly #removing = new Map<TopicId, Promise<void>>();

  constructor(disk: Disk, root: string) {
    this.#disk = disk;
    this.#root = root;
    this.#syncs = new DirectorySyncs(disk);
  }

  /** Runs `make`, which makes a partition's directory and what is durable in it, then makes the names above it durable. */
  async making(topicId: TopicId, make: () => Promise<void>): Promise<void> {
    for (let removal = this.#removing.get(topicId); removal !== undefined; removal = this.#removing.get(topicId)) await removal;
    this.#making.set(topicId, (this.#making.get(topicId) ?? 0) + 1);
    try {
      await make();
      await this.syncNames(topicId);
      if (this.#durable.has(topicId)) return;
      await this.#syncs.sync(`${this.#root}/${TOPICS_DIRECTORY}`);
      this.#durable.add(topicId);
    } finally {
      const left = (this.#making.get(topicId) ?? 1) - 1;
      if (left === 0) this.#making.delete(topicId);
      else this.#making.set(topicId, left);
    }
  }

  /** Makes the names of the topic's partitions durable. */
  syncNames(topicId: TopicId): Promise<void> {
    return this.#syncs.sync(topicDirectory(this.#root, topicId));
  }

  /** Removes the topic's directory if nothing is in it. After a crash it may be there again, and goes at the next start. */
  async removeIfEmpty(topicId: TopicId): Promise<void> {
    if (this.#making.has(topicId)) return;
    const removal = this.#removing.get(topicId) ?? this.#remove(topicId);
    this.#removing.set(topicId, removal);
    try {
      await removal;
    } finally {
      if (this.#removing.get(topicId) === removal) this.#removing.delete(topicId);
    }
  }

  async #remove(topicId: TopicId): Promise<void> {
    const path = topicDirectory(this.#root, topicId);
    try {
      if ((await this.#disk.list(path)).length > 0) return;
      this.#durable.delete(topicId);
      await this.#disk.removeTree(path);
    } catch (error) {
      if (!isDiskError(error, 'not-found')) throw error;
    }
  }
}
