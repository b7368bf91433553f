import { topicId as toTopicId } from '@moldau/kernel';
import type { AssignedPartitions, MembershipAssignment } from '@moldau/protocol';
import { HeldPartition } from './held-partition.ts';

/** What an assignment changes. */
export interface HoldingChange {
  readonly added: readonly HeldPartition[];
  /** To be given up: what was delivered of them is waited for. */
  readonly revoking: readonly HeldPartition[];
  /** Others may have them already. */
  readonly lost: readonly HeldPartition[];
}

/** The partitions that a member holds. */
export class Holdings {
  readonly #held = new Map<string, HeldPartition>();

  [Symbol.iterator](): Iterator<HeldPartition> {
    return this.#held.values();
  }

  /** Takes an assignment; dropping what it takes away is the caller's. */
  change({ assigned, revoking }: MembershipAssignment): HoldingChange {
    const keep = new Set<string>();
    const added: HeldPartition[] = [];
    const lost: HeldPartition[] = [];
    for (const [key, { topicId, topicName }, index] of each(assigned)) {
      keep.add(key);
      const held = this.#held.get(key);
      if (held !== undefined && held.state !== 'revoking') continue;
      // It was asked for, and gets it again before it gave it up: it begins anew.
      if (held !== undefined) lost.push(held);
      const partition = new HeldPartition(toTopicId(topicId), topicName, index);
      this.#held.set(key, partition);
      added.push(partition);
    }
    const asked: HeldPartition[] = [];
    for (const [key] of each(revoking)) {
      const held = this.#held.get(key);
      keep.add(key);
      if (held !== undefined) asked.push(held);
    }
    for (const [key, partition] of this.#held) if (!keep.has(key)) lost.push(partition);
    return { added, revoking: asked, lost };
  }

  /** False: it was dropped before. */
  drop(partition: HeldPartition): boolean {
    const key = keyOf(partition.topicId, partition.index);
    if (this.#held.get(key) === partition) this.#held.delete(key);
    if (partition.isDropped) return false;
    partition.drop();
    return true;
  }
}

function* each(topics: readonly AssignedPartitions[]): Iterable<readonly [string, AssignedPartitions, number]> {
  for (const topic of topics) for (const index of topic.partitions) yield [keyOf(topic.topicId, index), topic, index];
}

function keyOf(topicId: string, index: number): string {
  return `${topicId}/${index}`;
}

/** Partitions by their topics, indexes rising. */
export function byTopic(partitions: Iterable<HeldPartition>): readonly { readonly topic: string; readonly partitions: number[] }[] {
  const topics = new Map<string, number[]>();
  for (const { topic, index } of partitions) {
    const indexes = topics.get(topic);
    if (indexes === undefined) topics.set(topic, [index]);
    else indexes.push(index);
  }
  return [...topics].map(([topic, indexes]) => ({ topic, partitions: indexes.sort((one, other) => one - other) }));
}
