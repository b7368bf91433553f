import type { DescribedGroup, Moldau } from '@moldau/client';

const LOOK_MS = 100;

/** Looks at a group again and again, and notes what may never be: an offset that goes back, a partition that two members hold. */
export class GroupWatch {
  /** The first only, in words. */
  wrong: string | undefined;
  /** As it was at the last look. */
  last: DescribedGroup | undefined;
  looks = 0;
  readonly #moldau: Moldau;
  readonly #groupId: string;
  readonly #committed = new Map<number, number>();
  readonly #running: Promise<void>;
  #over = false;

  constructor(moldau: Moldau, groupId: string) {
    this.#moldau = moldau;
    this.#groupId = groupId;
    this.#running = this.#watch();
  }

  async stop(): Promise<void> {
    this.#over = true;
    await this.#running;
  }

  async #watch(): Promise<void> {
    while (!this.#over) {
      const looked = await this.#moldau
        .admin()
        .describeGroups([this.#groupId])
        .catch(() => []); // nobody owns its shard at the moment
      const group = looked[0]?.group;
      if (group !== undefined) this.#look(group);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  #look(group: DescribedGroup): void {
    this.looks += 1;
    this.last = group;
    for (const { partition, committedOffset } of group.partitions) {
      const before = this.#committed.get(partition) ?? -1;
      if (committedOffset === undefined ? before >= 0 : committedOffset < before)
        this.wrong ??= `the offset of partition ${partition} went back from ${before} to ${committedOffset}`;
      if (committedOffset !== undefined) this.#committed.set(partition, committedOffset);
    }
    const holders = new Map<number, string>();
    for (const { memberId, assigned, revoking } of group.members)
      for (const { partition } of [...assigned, ...revoking]) {
        if (holders.has(partition)) this.wrong ??= `partition ${partition} is held by ${holders.get(partition)} and ${memberId}`;
        holders.set(partition, memberId);
      }
  }
}
