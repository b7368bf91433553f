import { isReassigning, type MetadataImage } from '@moldau/cluster';
import type { BrokerEpoch, BrokerId, Clock, Logger, PartitionIndex, TopicId } from '@moldau/kernel';
import type { Deadline, DeadlineWheel } from '../limits/deadline-wheel.ts';
import type { ClusterState } from '../metadata/cluster-state.ts';
import type { LogJobs } from './log-jobs.ts';
import type { LogStore } from './log-store.ts';

/**
 * Least time for which a replica must have been elsewhere: longer than a coordinator that lost the metadata store goes on telling
 * what it knew (3 s). `file.delete.delay.ms`, a minute by default, is what usually counts.
 */
export const GRACE_MS_MIN = 5_000;
const SWEEP_MS = 1_000;
/** Replicas removed by one sweep: jobs for one second. */
const REMOVALS_PER_SWEEP = 100;

export interface ReplicaRemovalDeps {
  readonly clock: Clock;
  readonly wheel: DeadlineWheel;
  readonly logger: Logger;
  readonly brokerId: BrokerId;
  readonly cluster: ClusterState;
  readonly logs: Pick<LogStore, 'holds' | 'deletePartition'>;
  /** Epoch of this life of the broker; undefined before it registered. */
  readonly brokerEpoch: () => BrokerEpoch | undefined;
}

interface Stray {
  readonly topicId: TopicId;
  readonly index: PartitionIndex;
  readonly graceMs: number;
  readonly dueMs: number;
}

/**
 * Removes the data of replicas that were moved to other brokers. Only on the word of the metadata that the partition is whole
 * without it, and only once that has been so for a grace: whatever is merely unknown is kept.
 */
export class ReplicaRemoval {
  readonly #deps: ReplicaRemovalDeps;
  readonly #jobs: LogJobs;
  readonly #strays = new Map<string, Stray>();
  #sweep: Deadline | undefined;
  #stopped = false;

  constructor(deps: ReplicaRemovalDeps, jobs: LogJobs) {
    this.#deps = deps;
    this.#jobs = jobs;
  }

  /** The metadata does not give this replica to the broker. */
  unwanted(topicId: TopicId, index: PartitionIndex, fileDeleteDelayMs: () => number): void {
    const key = `${topicId}/${index}`;
    if (this.#stopped || this.#strays.has(key) || !this.#deps.logs.holds(topicId, index)) return;
    const graceMs = Math.max(GRACE_MS_MIN, fileDeleteDelayMs());
    this.#strays.set(key, { topicId, index, graceMs, dueMs: this.#nowMs + graceMs });
    this.#arm();
  }

  /** The broker has the replica (again). */
  wanted(topicId: TopicId, index: PartitionIndex): void {
    if (this.#strays.size > 0) this.#strays.delete(`${topicId}/${index}`);
  }

  stop(): void {
    this.#stopped = true;
    this.#sweep?.cancel();
    this.#strays.clear();
  }

  get #nowMs(): number {
    return this.#deps.clock.monotonicMs();
  }

  #arm(): void {
    if (this.#stopped || this.#strays.size === 0) return;
    this.#sweep ??= this.#deps.wheel.after(SWEEP_MS, () => {
      this.#sweep = undefined;
      this.#removeDue();
      this.#arm();
    });
  }

  #removeDue(): void {
    const nowMs = this.#nowMs;
    let left = REMOVALS_PER_SWEEP;
    for (const [key, stray] of [...this.#strays]) {
      if (stray.dueMs > nowMs) continue;
      if (this.#isNeedless(stray)) {
        if (left === 0) continue;
        left -= 1;
        this.#strays.delete(key);
        this.#remove(stray);
      } else {
        // Not surely: from now on it must be so for the whole grace again.
        this.#strays.set(key, { ...stray, dueMs: nowMs + stray.graceMs });
      }
    }
  }

  #remove(stray: Stray): void {
    const { topicId, index } = stray;
    this.#jobs.add(topicId, index, async () => {
      // It may have come back while the job waited.
      if (this.#stopped || !this.#isNeedless(stray)) return;
      await this.#deps.logs.deletePartition(topicId, index);
      this.#deps.logger.info('removed the data of a replica that other brokers have', { topicId, partition: index });
    });
  }

  #isNeedless({ topicId, index }: Stray): boolean {
    const { cluster, brokerId, brokerEpoch } = this.#deps;
    return isNeedless(cluster.current, { topicId, index, brokerId, brokerEpoch: brokerEpoch() });
  }
}

interface Held {
  readonly topicId: TopicId;
  readonly index: PartitionIndex;
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch | undefined;
}

/** Whether the metadata says that nobody can miss what this broker has of the partition. */
export function isNeedless(image: MetadataImage, { topicId, index, brokerId, brokerEpoch }: Held): boolean {
  // The metadata is at least as new as this life of the broker: no older one, in which it is not a replica yet.
  if (brokerEpoch === undefined || image.brokers.get(brokerId)?.brokerEpoch !== brokerEpoch) return false;
  const topic = image.topics.get(topicId);
  const partition = topic?.state === 'active' ? topic.partitions.get(index) : undefined;
  if (partition === undefined || isReassigning(partition)) return false;
  const { replicas, isr, elr, lastKnownElr, minIsr, leader } = partition;
  if ([replicas, elr, lastKnownElr].some((ids) => ids.includes(brokerId))) return false;
  return leader !== undefined && isr.length >= minIsr;
}
