import type { PartitionIndex, ProducerId, TopicId } from '@moldau/kernel';
import type { GroupRef } from '../group-ref.ts';
import type { CommittedOffset, GroupStateRecord, StagedOffset } from '../record/group-state-record.ts';

type ByPartition<Value> = Map<TopicId, Map<PartitionIndex, Value>>;

/** An offset with its partition. */
export interface OffsetEntry<Value> {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly value: Value;
}

/** What a group committed, and what open transactions would commit. Changes by `replay` alone. */
export class GroupOffsets {
  readonly group: GroupRef;
  readonly #committed: ByPartition<CommittedOffset> = new Map();
  readonly #staged = new Map<ProducerId, ByPartition<StagedOffset>>();

  constructor(group: GroupRef) {
    this.group = group;
  }

  get vacant(): boolean {
    return this.#committed.size === 0 && this.#staged.size === 0;
  }

  get(topicId: TopicId, partition: PartitionIndex): CommittedOffset | undefined {
    return this.#committed.get(topicId)?.get(partition);
  }

  /** Topics with committed offsets. */
  topicIds(): readonly TopicId[] {
    return [...this.#committed.keys()];
  }

  committed(topicId: TopicId): Iterable<readonly [PartitionIndex, CommittedOffset]> {
    return this.#committed.get(topicId) ?? [];
  }

  *all(): Generator<OffsetEntry<CommittedOffset>> {
    yield* entriesOf(this.#committed);
  }

  /** Whether an open transaction would commit an offset for the partition. */
  isStaged(topicId: TopicId, partition: PartitionIndex): boolean {
    for (const topics of this.#staged.values()) if (topics.get(topicId)?.has(partition) === true) return true;
    return false;
  }

  /** Producers with open transactions here. */
  stagers(): readonly ProducerId[] {
    return [...this.#staged.keys()];
  }

  hasStaged(producerId: ProducerId): boolean {
    return this.#staged.has(producerId);
  }

  *stagedBy(producerId: ProducerId): Generator<OffsetEntry<StagedOffset>> {
    const topics = this.#staged.get(producerId);
    if (topics !== undefined) yield* entriesOf(topics);
  }

  replay(record: GroupStateRecord & { readonly type: 'offset' | 'staged-offset' }): void {
    if (record.type === 'offset') {
      put(this.#committed, record.topicId, record.partition, record.value);
      return;
    }
    let topics = this.#staged.get(record.producerId);
    if (topics === undefined) {
      if (record.value === undefined) return;
      this.#staged.set(record.producerId, (topics = new Map<TopicId, Map<PartitionIndex, StagedOffset>>()));
    }
    put(topics, record.topicId, record.partition, record.value);
    if (topics.size === 0) this.#staged.delete(record.producerId);
  }

  *snapshot(): Generator<GroupStateRecord> {
    const { group } = this;
    for (const each of this.all()) yield { type: 'offset', group, ...each };
    for (const [producerId, topics] of this.#staged) {
      for (const each of entriesOf(topics)) yield { type: 'staged-offset', group, producerId, ...each };
    }
  }
}

function* entriesOf<Value>(topics: ByPartition<Value>): Generator<OffsetEntry<Value>> {
  for (const [topicId, partitions] of topics) {
    for (const [partition, value] of partitions) yield { topicId, partition, value };
  }
}

function put<Value>(topics: ByPartition<Value>, topicId: TopicId, partition: PartitionIndex, value: Value | undefined): void {
  const partitions = topics.get(topicId);
  if (value !== undefined) {
    if (partitions === undefined) topics.set(topicId, new Map([[partition, value]]));
    else partitions.set(partition, value);
    return;
  }
  partitions?.delete(partition);
  if (partitions?.size === 0) topics.delete(topicId);
}
