import { MoldauError } from '@moldau/kernel';
import type { ReplicaPosition } from '@moldau/protocol';
import type { Partition, PartitionWatcher } from '../partition/partition.ts';
import type { GrowthWatcher } from '../partition/partition-deps.ts';
import type { PartitionTable } from '../partition/partition-table.ts';
import { assertCount, invalidField } from '../produce/produce-terms.ts';
import { type Delivery, failure, LeaderPosition } from './leader-position.ts';

/** Partitions that one broker may follow here: more than a broker is planned for. */
const POSITIONS_MAX = 100_000;

/** The partitions on one follower's stream, by the ids it gave them, and watched for it. */
export class LeaderPositions {
  readonly #table: PartitionTable;
  readonly #watcher: PartitionWatcher & GrowthWatcher;
  readonly #byId = new Map<number, LeaderPosition>();
  readonly #byPartition = new Map<Partition, LeaderPosition>();

  constructor(table: PartitionTable, watcher: PartitionWatcher & GrowthWatcher) {
    this.#table = table;
    this.#watcher = watcher;
  }

  get(id: number): LeaderPosition | undefined {
    return this.#byId.get(id);
  }

  of(partition: Partition): LeaderPosition | undefined {
    return this.#byPartition.get(partition);
  }

  /**
   * Finds the partition that the follower names for the first time; where it is not here, what to answer.
   *
   * @throws MoldauError INVALID_REQUEST
   */
  introduce({ positionId, topicId, partition: index, leaderEpoch }: ReplicaPosition): LeaderPosition | Delivery {
    if (positionId < 1) throw invalidField('position_id', positionId, '≥ 1');
    assertCount('positions', this.#byId.size + 1, POSITIONS_MAX);
    const partition = this.#table.find(topicId, index);
    if (partition === undefined) {
      const facts = { topic_id: topicId.slice(0, 64), partition: String(index) };
      return failure(
        positionId,
        leaderEpoch,
        new MoldauError('UNKNOWN_TOPIC', `no partition ${index} of a topic '${facts.topic_id}' is here`, facts),
      );
    }
    // A new name for a partition that is followed under another replaces it.
    const before = this.#byPartition.get(partition);
    if (before !== undefined) this.forget(before.id);
    const position = new LeaderPosition(positionId, partition);
    this.#byId.set(positionId, position);
    this.#byPartition.set(partition, position);
    partition.watch(this.#watcher);
    partition.growthWatchers.add(this.#watcher);
    return position;
  }

  /** The position that is gone; undefined where there was none. */
  forget(id: number): LeaderPosition | undefined {
    const position = this.#byId.get(id);
    if (position === undefined) return undefined;
    position.close();
    this.#byId.delete(id);
    this.#byPartition.delete(position.partition);
    position.partition.unwatch(this.#watcher);
    position.partition.growthWatchers.delete(this.#watcher);
    return position;
  }

  clear(): void {
    for (const id of [...this.#byId.keys()]) this.forget(id);
  }
}
