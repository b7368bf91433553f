import type { MetadataImage, PartitionImage } from '@moldau/cluster';
import type { BrokerId, PartitionIndex, TopicId } from '@moldau/kernel';

/** A replica of the broker's that no ISR names. */
interface LateReplica {
  readonly topicId: TopicId;
  readonly index: PartitionIndex;
}

/**
 * Whether all replicas of a broker have been in sync since it started: what a rolling restart waits for before it stops the
 * next one. Once they have it stays so: a broker that falls behind later still serves, and is no reason to take it from
 * those who look for one that does.
 *
 * Replicas that a reassignment adds or takes away don't count, since nobody relies on them. Those of a partition that nobody leads do: they
 * can't come back before it is led again, and it must not lose another replica meanwhile.
 */
export class CatchingUp {
  readonly #brokerId: BrokerId;
  #late: LateReplica | undefined;
  #done = false;

  constructor(brokerId: BrokerId) {
    this.#brokerId = brokerId;
  }

  /** Why not; undefined once they have. Looks at all partitions only when the one it knew of is in sync. */
  reason(image: MetadataImage): string | undefined {
    if (this.#done) return undefined;
    if (this.#late === undefined || !this.#isLate(image, this.#late)) this.#late = this.#find(image);
    if (this.#late === undefined) {
      this.#done = true;
      return undefined;
    }
    const name = image.topics.get(this.#late.topicId)?.name ?? this.#late.topicId;
    return `the replica of ${name}/${this.#late.index} is not in sync yet`;
  }

  #find(image: MetadataImage): LateReplica | undefined {
    for (const topic of image.topics.values()) {
      if (topic.state === 'deleting') continue;
      for (const [index, record] of topic.partitions.entries()) {
        if (this.#isMissed(record)) return { topicId: topic.topicId, index: index as PartitionIndex };
      }
    }
    return undefined;
  }

  #isLate(image: MetadataImage, { topicId, index }: LateReplica): boolean {
    const topic = image.topics.get(topicId);
    return topic !== undefined && topic.state !== 'deleting' && this.#isMissed(topic.partitions.get(index));
  }

  #isMissed(record: PartitionImage | undefined): boolean {
    if (record === undefined) return false;
    const { replicas, isr, adding, removing } = record;
    return replicas.includes(this.#brokerId) && ![isr, adding, removing].some((ids) => ids.includes(this.#brokerId));
  }
}
