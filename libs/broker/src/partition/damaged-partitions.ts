import type { MetadataImage, PartitionImage } from '@moldau/cluster';
import type { BrokerId, Scheduler } from '@moldau/kernel';
import type { ReplicaReport, ReportedTopic } from '@moldau/protocol';
import { hasRights } from '../session/replica-report.ts';
import type { Partition } from './partition.ts';

/** Damaged replicas that one heartbeat names. */
const REPORTED_MAX = 1_000;

/**
 * Replicas here whose bytes fail their checks. The controller hears of them with each heartbeat for as long as the metadata
 * gives them a right to lead; one without is built anew from its leader.
 */
export class DamagedPartitions {
  readonly #brokerId: BrokerId;
  readonly #scheduler: Scheduler;
  readonly #announce: () => void;
  readonly #partitions = new Set<Partition>();
  #announcing = false;

  /** `announce`: sends a heartbeat now. */
  constructor(brokerId: BrokerId, scheduler: Scheduler, announce: () => void) {
    this.#brokerId = brokerId;
    this.#scheduler = scheduler;
    this.#announce = announce;
  }

  /** A partition has gone offline. */
  wentOffline(partition: Partition): void {
    if (!isDamaged(partition)) return;
    this.#partitions.add(partition);
    // One for all that are found in this turn.
    if (this.#announcing) return;
    this.#announcing = true;
    this.#scheduler.nextTurn(() => {
      this.#announcing = false;
      this.#announce();
    });
  }

  /** It is closed, or built anew. */
  remove(partition: Partition): void {
    this.#partitions.delete(partition);
  }

  /** Whether it is damaged and holds nothing that its leader lacks. */
  mayRebuild(partition: Partition, record: PartitionImage): boolean {
    const { leader, lastKnownElr } = record;
    if (!this.#partitions.has(partition) || leader === undefined) return false;
    return !hasRights(record, this.#brokerId) && !lastKnownElr.includes(this.#brokerId);
  }

  /** Those that lose their rights; undefined: none. */
  report(image: MetadataImage): ReplicaReport | undefined {
    if (this.#partitions.size === 0) return undefined;
    const topics = new Map<string, ReportedTopic>();
    let count = 0;
    for (const { topicId, index: partition } of this.#partitions) {
      const record = image.topics.get(topicId)?.partitions.get(partition);
      if (record === undefined || !hasRights(record, this.#brokerId)) continue;
      const topic = topics.get(topicId) ?? { topicId, replicas: [] };
      topics.set(topicId, topic);
      topic.replicas.push({ partition, lastEpoch: -1, endOffset: 0, cut: false, damaged: true });
      count += 1;
      if (count === REPORTED_MAX) break;
    }
    return count === 0 ? undefined : { topics: [...topics.values()] };
  }
}

/** Whether its bytes fail their checks, as against those of a directory that failed as a whole. */
function isDamaged({ failure }: Partition): boolean {
  return failure?.reason === 'PARTITION_OFFLINE' && failure.facts['file'] !== undefined;
}
