import type { MetadataImage, PartitionImage } from '@moldau/cluster';
import { type BrokerId, type PartitionIndex, partitionKey, type Scheduler, type TopicId } from '@moldau/kernel';
import type { ReplicaReport, ReportedReplica } from '@moldau/protocol';
import type { FoundLog, StopReport } from '../partition/log-store.ts';

/** Replicas looked at in one turn of the event loop: about a millisecond. */
const REPLICAS_PER_TURN = 2_000;

export interface ReportedBroker {
  readonly brokerId: BrokerId;
  /** What the metadata gives it; newer records than these are of partitions in which it has confirmed nothing. */
  readonly image: MetadataImage;
  readonly stop: StopReport;
}

/**
 * What the broker says of its replicas when it registers; undefined: none is in doubt. Named are
 *
 * - damaged ones, and those that were cut, whatever the stop;
 * - all others, where what was written and not flushed may be lost: the controller knows for which of them that matters;
 * - those that were in doubt before, which may say anew where they end (after a repair);
 * - those that have a right to lead and are not there at all: as cut, down to nothing;
 * - those whose last batch is of a later epoch than their record: metadata that was restored from a backup.
 *
 * In the largest report, 100,000 replicas of as many topics, each takes some 70 bytes: far below the limit of a message.
 */
export async function replicaReport(broker: ReportedBroker, scheduler: Scheduler): Promise<ReplicaReport | undefined> {
  const { image, brokerId, stop } = broker;
  const named = new Map<TopicId, ReportedReplica[]>();
  const steps = new Steps(scheduler);
  const name = (topicId: TopicId, replica: ReportedReplica): void => {
    const ofTopic = named.get(topicId);
    if (ofTopic === undefined) named.set(topicId, [replica]);
    else ofTopic.push(replica);
  };
  const found = new Set<string>();
  for (const log of stop.logs) {
    found.add(partitionKey(log.topicId, log.index));
    const record = image.topics.get(log.topicId)?.partitions.get(log.index);
    const doubted = record?.lastKnownElr.includes(brokerId) === true;
    const newer = record !== undefined && log.lastEpoch > record.leaderEpoch;
    if (log.damaged || log.cut || !stop.keptWritten || doubted || newer) name(log.topicId, reported(log));
    const pause = steps.next();
    if (pause !== undefined) await pause;
  }
  for (const topic of image.topics.values()) {
    for (const [index, record] of topic.partitions.entries()) {
      const pause = steps.next();
      if (pause !== undefined) await pause;
      if (record === undefined || !hasRights(record, brokerId) || found.has(partitionKey(topic.topicId, index as PartitionIndex))) continue;
      name(topic.topicId, { partition: index, lastEpoch: -1, endOffset: 0, cut: true, damaged: false });
    }
  }
  if (named.size === 0) return undefined;
  return { topics: [...named].map(([topicId, replicas]) => ({ topicId, replicas })) };
}

/** Whether the record gives the broker a right to lead, or keeps it in mind for one. One that is known to be damaged has none. */
export function hasRights({ leader, isr, elr, lastKnownElr, lastKnownEnds }: PartitionImage, brokerId: BrokerId): boolean {
  if (leader === brokerId || isr.includes(brokerId) || elr.includes(brokerId)) return true;
  const at = lastKnownElr.indexOf(brokerId);
  return at >= 0 && (lastKnownEnds[at]?.endOffset ?? 0) >= 0;
}

function reported({ index: partition, lastEpoch, endOffset, cut, damaged }: FoundLog): ReportedReplica {
  return { partition, lastEpoch, endOffset, cut, damaged };
}

/** Gives the event loop its turn now and then. */
class Steps {
  readonly #scheduler: Scheduler;
  #left = REPLICAS_PER_TURN;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  next(): Promise<void> | undefined {
    this.#left -= 1;
    if (this.#left > 0) return undefined;
    this.#left = REPLICAS_PER_TURN;
    return new Promise((resolve) => this.#scheduler.nextTurn(resolve));
  }
}
