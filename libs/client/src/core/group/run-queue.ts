import type { GroupPartition } from './group-partition.ts';

/** Records that wait for a handler, from which on no more batches are taken; one batch more than that may come. */
const RECORDS_MAX = 10_000;
/** Of their keys and values. */
const BYTES_MAX = 16 * 1024 * 1024;
/** A partition with more than half of them is held when handlers are free, so that others go on … */
const HELD_FROM_RECORDS = RECORDS_MAX / 2;
const HELD_FROM_BYTES = BYTES_MAX / 2;
/** … but no more than so many at a time: each keeps what it has. */
const HELD_MAX = 8;
/** A partition that is held is read again when it has less than this part of the limit. */
const RELEASED_BELOW_SHARE = 0.125;
/** Records from the first unfinished one of a partition on, after which it is held: the finished ones are remembered. */
const FRONTIER_WIDTH_MAX = 100_000;

/** What waits of one partition. */
interface Load {
  records: number;
  bytes: number;
  held: boolean;
}

export interface RunQueueHooks {
  /** Take no more of its records. */
  hold(partition: GroupPartition): void;
  release(partition: GroupPartition): void;
}

/** Counts what waits for handlers, by partition, and decides of which partitions more may come. */
export class RunQueue {
  readonly #hooks: RunQueueHooks;
  readonly #loads = new Map<GroupPartition, Load>();
  #held = 0;
  /** Of partitions that are not held. */
  #records = 0;
  #bytes = 0;

  constructor(hooks: RunQueueHooks) {
    this.#hooks = hooks;
  }

  get isFull(): boolean {
    return this.#records >= RECORDS_MAX || this.#bytes >= BYTES_MAX;
  }

  add(partition: GroupPartition, bytes: number): void {
    const load = this.#loads.get(partition) ?? { records: 0, bytes: 0, held: false };
    this.#loads.set(partition, load);
    this.#count(load, 1, bytes);
  }

  remove(partition: GroupPartition, bytes: number): void {
    const load = this.#loads.get(partition);
    if (load === undefined) return;
    this.#count(load, -1, -bytes);
    if (load.held && (partition.phase === 'gone' || isLight(partition, load))) this.#release(partition, load);
    if (load.records === 0 && !load.held) this.#loads.delete(partition);
  }

  /** Everything that waits stands behind what handlers work on: true when one that has too much of it is held, and others go on. */
  holdLargest(): boolean {
    let largest: readonly [GroupPartition, Load] | undefined;
    for (const entry of this.#loads) {
      if (!entry[1].held && entry[1].records > (largest?.[1].records ?? 0)) largest = entry;
    }
    if (largest === undefined || this.#held >= HELD_MAX) return false;
    const [partition, load] = largest;
    if (load.records < HELD_FROM_RECORDS && load.bytes < HELD_FROM_BYTES) return false;
    this.#hold(partition, load);
    return true;
  }

  /** Holds partitions in which one record has been worked on while very many behind it were finished. */
  holdWide(): void {
    for (const [partition, load] of this.#loads) {
      if (!load.held && partition.frontier.width >= FRONTIER_WIDTH_MAX) this.#hold(partition, load);
    }
  }

  releaseAll(): void {
    for (const [partition, load] of this.#loads) if (load.held) this.#release(partition, load);
  }

  #count(load: Load, records: number, bytes: number): void {
    load.records += records;
    load.bytes += bytes;
    if (load.held) return;
    this.#records += records;
    this.#bytes += bytes;
  }

  #hold(partition: GroupPartition, load: Load): void {
    load.held = true;
    this.#held += 1;
    this.#records -= load.records;
    this.#bytes -= load.bytes;
    this.#hooks.hold(partition);
  }

  #release(partition: GroupPartition, load: Load): void {
    load.held = false;
    this.#held -= 1;
    this.#records += load.records;
    this.#bytes += load.bytes;
    this.#hooks.release(partition);
  }
}

function isLight({ frontier }: GroupPartition, { records, bytes }: Load): boolean {
  const few = records < RECORDS_MAX * RELEASED_BELOW_SHARE && bytes < BYTES_MAX * RELEASED_BELOW_SHARE;
  return few && frontier.width < FRONTIER_WIDTH_MAX / 2;
}
