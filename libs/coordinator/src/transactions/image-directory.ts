import { clusterPrefix, type MetadataStore, partitionOf, topicKey } from '@moldau/cluster';
import { type BrokerId, type Logger, MoldauError, type Namespace, type TopicId } from '@moldau/kernel';
import { shardOf } from '@moldau/shards';
import type { TopicPartition } from '@moldau/transactions';
import type { ShardMetadata } from '../shards/shard-kind.ts';
import type { LiveDirectory } from './marker-ports.ts';

/** Deleted topics that are remembered, so that not each of their partitions asks the store. */
const DELETED_MAX = 1_000;

export interface ImageDirectoryDeps {
  readonly metadata: ShardMetadata;
  readonly store: MetadataStore;
  readonly logger: Logger;
  readonly clusterName: string;
}

/**
 * Where participants are, by the image. That a topic is not in the image says nothing: it may be newer than the image, and a
 * partition that is taken for gone would never get its marker. So the store is asked, whose answer is never older than the
 * question; until it has come, the topic's partitions have no leader.
 */
export class ImageDirectory implements LiveDirectory {
  readonly #deps: ImageDirectoryDeps;
  readonly #deleted = new Set<TopicId>();
  readonly #asked = new Set<TopicId>();
  readonly #listeners = new Set<() => void>();

  constructor(deps: ImageDirectoryDeps) {
    this.#deps = deps;
  }

  leaderOf({ topicId, partition }: TopicPartition): BrokerId | 'absent' | 'gone' {
    if (this.#deleted.has(topicId)) return 'gone';
    const image = this.#deps.metadata.image();
    const topic = image.topics.get(topicId);
    if (topic === undefined) this.#ask(topicId);
    else if (topic.state === 'deleting') return 'gone';
    return partitionOf(image, topicId, partition)?.leader ?? 'absent';
  }

  shardOfGroup(namespace: Namespace, group: string): number {
    return shardOf(namespace, group, this.#deps.metadata.image().cluster?.shards ?? 1);
  }

  listen(changed: () => void): () => void {
    const unlisten = this.#deps.metadata.listen({
      changed: (_image, delta) => {
        if (delta.partitions.size > 0 || delta.topics.size > 0 || delta.brokers.size > 0 || delta.shards) changed();
      },
      reloaded: () => changed(),
    });
    this.#listeners.add(changed);
    return () => {
      unlisten();
      this.#listeners.delete(changed);
    };
  }

  #ask(topicId: TopicId): void {
    if (this.#asked.has(topicId)) return;
    this.#asked.add(topicId);
    const { store, clusterName, logger } = this.#deps;
    store
      .get(clusterPrefix(clusterName) + topicKey(topicId))
      .then(
        ({ entry }) => {
          if (entry === undefined) this.#isDeleted(topicId);
        },
        (caught: unknown) => logger.debug('whether a topic is gone is not known yet', { topicId, error: MoldauError.from(caught).message }),
      )
      .finally(() => this.#asked.delete(topicId));
  }

  #isDeleted(topicId: TopicId): void {
    this.#deleted.add(topicId);
    const [oldest] = this.#deleted;
    if (this.#deleted.size > DELETED_MAX && oldest !== undefined) this.#deleted.delete(oldest);
    for (const changed of this.#listeners) changed();
  }
}
