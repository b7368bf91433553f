import type { GroupRef } from '@moldau/groups';

export interface PartitionLag {
  /** Name; empty in a sum. */
  readonly topic: string;
  /** Undefined in a sum. */
  readonly partition: number | undefined;
  readonly records: number;
  readonly ms: number;
}

/** What is shown of one group, or of all others of a namespace: then the name is empty. */
export interface GroupLag {
  readonly namespace: string;
  readonly group: string;
  readonly partitions: readonly PartitionLag[];
}

interface Ranked extends GroupLag {
  readonly records: number;
}

/** While figures are gathered so many times the bound is kept, before the smallest are summed up. */
const SLACK = 2;

/** The groups that are furthest behind, whole, within a bound on partitions; the others become one sum for each namespace. */
export class LagRanking {
  readonly #seriesMax: number;
  readonly #sums = new Map<string, { records: number; ms: number }>();
  #groups: Ranked[] = [];
  #count = 0;

  constructor(seriesMax: number) {
    this.#seriesMax = seriesMax;
  }

  add({ namespace, groupId }: GroupRef, partitions: readonly PartitionLag[]): void {
    const records = partitions.reduce((sum, partition) => sum + partition.records, 0);
    this.#groups.push({ namespace, group: groupId, partitions, records });
    this.#count += partitions.length;
    if (this.#count > this.#seriesMax * SLACK) this.#trim();
  }

  finish(): readonly GroupLag[] {
    this.#trim();
    const sums = [...this.#sums].map(([namespace, { records, ms }]): GroupLag => {
      return { namespace, group: '', partitions: [{ topic: '', partition: undefined, records, ms }] };
    });
    return [...this.#groups, ...sums];
  }

  #trim(): void {
    if (this.#count <= this.#seriesMax) return;
    this.#groups.sort((one, other) => other.records - one.records || compare(one, other));
    const kept: Ranked[] = [];
    this.#count = 0;
    for (const group of this.#groups) {
      if (this.#count + group.partitions.length <= this.#seriesMax) {
        kept.push(group);
        this.#count += group.partitions.length;
      } else this.#sumUp(group);
    }
    this.#groups = kept;
  }

  #sumUp({ namespace, records, partitions }: Ranked): void {
    const before = this.#sums.get(namespace) ?? { records: 0, ms: 0 };
    const ms = partitions.reduce((most, partition) => Math.max(most, partition.ms), before.ms);
    this.#sums.set(namespace, { records: before.records + records, ms });
  }
}

/** By name, so that equal ones don't change places from round to round. */
function compare(one: GroupLag, other: GroupLag): number {
  const [left, right] = [`${one.namespace}/${one.group}`, `${other.namespace}/${other.group}`];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
