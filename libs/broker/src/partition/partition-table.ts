import type { Namespace, TopicId } from '@moldau/kernel';
import type { Partition } from './partition.ts';

/** The partitions of one topic that have a replica here; gaps where others have them. */
export interface LocalTopic {
  readonly topicId: TopicId;
  readonly namespace: Namespace;
  readonly name: string;
  readonly partitions: (Partition | undefined)[];
  /** How many of them are here. */
  count: number;
}

/** The replicas of this broker, by topic. */
export class PartitionTable {
  readonly #topics = new Map<string, LocalTopic>();
  #count = 0;

  /** Partitions with a replica here. */
  get size(): number {
    return this.#count;
  }

  topic(topicId: string): LocalTopic | undefined {
    return this.#topics.get(topicId);
  }

  topics(): IterableIterator<LocalTopic> {
    return this.#topics.values();
  }

  find(topicId: string, index: number): Partition | undefined {
    return this.#topics.get(topicId)?.partitions[index];
  }

  add(partition: Partition, namespace: Namespace, name: string): void {
    let topic = this.#topics.get(partition.topicId);
    if (topic === undefined) {
      topic = { topicId: partition.topicId, namespace, name, partitions: [], count: 0 };
      this.#topics.set(partition.topicId, topic);
    }
    if (topic.partitions[partition.index] === undefined) {
      this.#count += 1;
      topic.count += 1;
    }
    topic.partitions[partition.index] = partition;
  }

  remove(partition: Partition): void {
    const topic = this.#topics.get(partition.topicId);
    if (topic === undefined || topic.partitions[partition.index] !== partition) return;
    topic.partitions[partition.index] = undefined;
    this.#count -= 1;
    topic.count -= 1;
    if (topic.count === 0) this.#topics.delete(partition.topicId);
  }

  /** Every partition, in no particular order. */
  *[Symbol.iterator](): IterableIterator<Partition> {
    for (const topic of this.#topics.values()) {
      for (const partition of topic.partitions) if (partition !== undefined) yield partition;
    }
  }
}
