import { MoldauError, type PartitionIndex, type TopicId } from '@moldau/kernel';

/** A partition, by its topic's id: a topic created again under the same name is another. */
export interface TopicPartition {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
}

/** Where a transaction has left something: all of them get its marker. */
export interface Participants {
  /** Ordered by topic id, then by index; none twice. */
  readonly partitions: readonly TopicPartition[];
  /** Names of groups of the transaction's namespace, ordered; none twice. */
  readonly groups: readonly string[];
}

/** Its record is written again whenever one is added: some 500 KiB when each is of another topic, half of what a record may have. */
export const PARTITIONS_PER_TRANSACTION_MAX = 10_000;
/** A transaction reads for one group, some for a few. */
export const GROUPS_PER_TRANSACTION_MAX = 100;

export const NO_PARTICIPANTS: Participants = Object.freeze({ partitions: [], groups: [] });

/**
 * Both together; `known` itself when it has all of `added`.
 *
 * @throws MoldauError TRANSACTION_TOO_LARGE
 */
export function joinParticipants(known: Participants, added: Participants): Participants {
  const partitions = joinSorted(known.partitions, added.partitions, comparePartitions);
  const groups = joinSorted(known.groups, added.groups, compareText);
  assertWithin('partitions', partitions.length, PARTITIONS_PER_TRANSACTION_MAX);
  assertWithin('groups', groups.length, GROUPS_PER_TRANSACTION_MAX);
  return partitions === known.partitions && groups === known.groups ? known : { partitions, groups };
}

/** What of `participants` is not in `done`. */
export function participantsWithout(participants: Participants, done: Participants): Participants {
  const partitions = new Set(done.partitions.map(partitionKey));
  const groups = new Set(done.groups);
  return {
    partitions: participants.partitions.filter((partition) => !partitions.has(partitionKey(partition))),
    groups: participants.groups.filter((group) => !groups.has(group)),
  };
}

export function hasParticipants({ partitions, groups }: Participants): boolean {
  return partitions.length > 0 || groups.length > 0;
}

export function partitionKey({ topicId, partition }: TopicPartition): string {
  return `${topicId}/${partition}`;
}

function joinSorted<Item>(known: readonly Item[], added: readonly Item[], compare: (one: Item, other: Item) => number): readonly Item[] {
  const all = [...known, ...added].sort(compare);
  const joined = all.filter((item, at) => at === 0 || compare(item, all[at - 1] ?? item) !== 0);
  return joined.length === known.length ? known : joined;
}

function comparePartitions(one: TopicPartition, other: TopicPartition): number {
  return compareText(one.topicId, other.topicId) || one.partition - other.partition;
}

/** By code units: the same everywhere, whatever the locale. */
function compareText(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function assertWithin(what: string, value: number, limit: number): void {
  if (value <= limit) return;
  throw new MoldauError('TRANSACTION_TOO_LARGE', `the transaction would have ${value} ${what}; the limit is ${limit}`, {
    thing: what,
    value: String(value),
    limit: String(limit),
  });
}
