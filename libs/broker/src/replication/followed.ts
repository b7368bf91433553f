import type { ReplicaPosition } from '@moldau/protocol';
import type { Partition } from '../partition/partition.ts';
import type { AskedPosition } from './following.ts';

/** One partition that follows this leader. */
export interface Followed {
  readonly id: number;
  readonly partition: Partition;
  /** What it asked and the leader has not been told. */
  asked: AskedPosition | undefined;
  /** The leader epoch it follows in. */
  epoch: number;
  /** Whether the leader knows the partition under this id, on the present connection. */
  introduced: boolean;
  /** Ends that the leader was told last. */
  toldFlushed: number;
  toldWritten: number;
}

/** What the leader is told now; undefined: nothing, while the logs are not known to agree. */
export function positionOf(followed: Followed): ReplicaPosition | undefined {
  const { id, partition, asked, introduced } = followed;
  const { log } = partition;
  if (log === undefined || (asked === undefined && partition.following?.acknowledges !== true)) return undefined;
  followed.asked = undefined;
  followed.introduced = true;
  followed.toldFlushed = log.flushedEnd;
  followed.toldWritten = log.writtenEnd;
  return {
    positionId: id,
    topicId: introduced ? '' : partition.topicId,
    partition: introduced ? 0 : partition.index,
    leaderEpoch: followed.epoch,
    receivedEnd: asked?.receivedEnd ?? log.endOffset,
    writtenEnd: log.writtenEnd,
    flushedEnd: log.flushedEnd,
    lastFetchedEpoch: asked?.lastFetchedEpoch,
  };
}

/** Whether the leader knows all of the ends that count. */
export function isTold({ partition, toldFlushed, toldWritten }: Followed): boolean {
  const { log, flush } = partition;
  if (log === undefined || log.flushedEnd !== toldFlushed) return false;
  // With flush=sync only what is flushed counts: a message less for each batch.
  return flush === 'sync' || log.writtenEnd === toldWritten;
}
