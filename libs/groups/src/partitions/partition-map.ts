import type { PartitionIndex, TopicId } from '@moldau/kernel';

/** Partitions by topic; indexes rising, no topic without partitions. */
export type TopicPartitions = ReadonlyMap<TopicId, readonly PartitionIndex[]>;

/** Partitions by topic, each with an epoch. */
export type EpochedPartitions = ReadonlyMap<TopicId, ReadonlyMap<PartitionIndex, number>>;

export const NO_TOPIC_PARTITIONS: TopicPartitions = new Map();
export const NO_EPOCHED_PARTITIONS: EpochedPartitions = new Map();

/** Gathers partitions, each once, to become `TopicPartitions`. */
export class PartitionGatherer {
  readonly #topics = new Map<TopicId, PartitionIndex[]>();

  add(topicId: TopicId, partition: PartitionIndex): void {
    const partitions = this.#topics.get(topicId);
    if (partitions === undefined) this.#topics.set(topicId, [partition]);
    else partitions.push(partition);
  }

  finish(): TopicPartitions {
    for (const partitions of this.#topics.values()) partitions.sort((one, other) => one - other);
    return sortedByTopic(this.#topics);
  }
}

/** A copy with the topics in order of their ids, so that what is written does not depend on history. */
export function sortedByTopic<Value>(topics: ReadonlyMap<TopicId, Value>): Map<TopicId, Value> {
  return new Map([...topics].sort(([one], [other]) => (one < other ? -1 : 1)));
}

export function countPartitions(topics: TopicPartitions | EpochedPartitions): number {
  let count = 0;
  for (const partitions of topics.values()) count += 'size' in partitions ? partitions.size : partitions.length;
  return count;
}

export function equalPartitions(one: TopicPartitions, other: TopicPartitions): boolean {
  if (one === other) return true;
  if (one.size !== other.size) return false;
  for (const [topicId, partitions] of one) {
    const others = other.get(topicId);
    if (others?.length !== partitions.length) return false;
    for (const [at, partition] of partitions.entries()) if (others[at] !== partition) return false;
  }
  return true;
}

export function epochOf(topics: EpochedPartitions, topicId: TopicId, partition: PartitionIndex): number | undefined {
  return topics.get(topicId)?.get(partition);
}

/** Gathers partitions with epochs. */
export class EpochGatherer {
  readonly #topics = new Map<TopicId, Map<PartitionIndex, number>>();

  add(topicId: TopicId, partition: PartitionIndex, epoch: number): void {
    let partitions = this.#topics.get(topicId);
    if (partitions === undefined) this.#topics.set(topicId, (partitions = new Map<PartitionIndex, number>()));
    partitions.set(partition, epoch);
  }

  finish(): EpochedPartitions {
    return this.#topics;
  }
}

/** Who has each partition. */
export class PartitionOwners {
  readonly #topics = new Map<TopicId, Map<PartitionIndex, string>>();

  get(topicId: TopicId, partition: PartitionIndex): string | undefined {
    return this.#topics.get(topicId)?.get(partition);
  }

  set(topicId: TopicId, partition: PartitionIndex, owner: string): void {
    let partitions = this.#topics.get(topicId);
    if (partitions === undefined) this.#topics.set(topicId, (partitions = new Map<PartitionIndex, string>()));
    partitions.set(partition, owner);
  }

  /** Only if `owner` has it: while records are replayed another may have it already. */
  remove(topicId: TopicId, partition: PartitionIndex, owner: string): boolean {
    const partitions = this.#topics.get(topicId);
    if (partitions?.get(partition) !== owner) return false;
    partitions.delete(partition);
    if (partitions.size === 0) this.#topics.delete(topicId);
    return true;
  }

  *entries(): Generator<{ readonly topicId: TopicId; readonly partition: PartitionIndex; readonly owner: string }> {
    for (const [topicId, partitions] of this.#topics) {
      for (const [partition, owner] of partitions) yield { topicId, partition, owner };
    }
  }
}
