import { MoldauError, type Offset, type Timer } from '@moldau/kernel';
import type { ReadEpochs } from '@moldau/records';
import type { PartitionView, TopicView } from '../cluster/metadata-view.ts';
import type { RecordContext } from './consumed-record.ts';
import type { StartPosition } from './consumer-types.ts';

/**
 * How far a partition is:
 *
 *   locating  its position is being looked up
 *   ready     its position is known; its leader is to be asked from there
 *   fetching  its leader's reader has it
 *   resting   waits before it is tried again, after a retriable error
 *   ended     read up to the end that the consumer stops at
 *   failed    a final error, told to the user once; a seek revives it
 *
 * Moves: locating → ready → fetching → resting → ready; fetching → locating (out of range, reset) | ended | failed;
 * any → locating or ready (seek).
 */
export type PartitionPhase =
  | { readonly t: 'locating'; readonly from: StartPosition }
  | { readonly t: 'ready' }
  | { readonly t: 'fetching'; readonly brokerId: number }
  | { readonly t: 'resting'; readonly timer: Timer }
  | { readonly t: 'ended' }
  | { readonly t: 'failed'; readonly error: MoldauError };

/** One partition of a consumer. */
export interface AssignedPartition<K, V> {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly context: RecordContext<K, V>;
  phase: PartitionPhase;
  /** Offset after the last record handed to the user; undefined while locating. */
  position: Offset | undefined;
  /** Offset after the last batch received. */
  fetchOffset: Offset | undefined;
  /** Leader epochs of what was fetched, by which a broker tells whether its log is still what was read (KIP-320). */
  readonly epochs: ReadEpochs;
  /** Changes whenever what was fetched before is no longer wanted: seek, pause, another leader. */
  positionId: number;
  paused: boolean;
  /** Failures since the last batch. */
  failures: number;
  /** It could not be read lately, and that was told to the client's health. */
  troubled: boolean;
  /** The end of what this consumer may see: by its isolation the high watermark or the last stable offset. */
  visibleEnd: Offset | undefined;
  /** Where `stopAtEnd` stops. */
  endOffset: Offset | undefined;
  view: TopicView;
}

export function leaderOf<K, V>(partition: AssignedPartition<K, V>): PartitionView | undefined {
  return partition.view.partitions[partition.partition];
}

/** Takes newer metadata of its topic. True: it is read, or waits to be, and another leader is to be asked at once. */
export function movesWith<K, V>(partition: AssignedPartition<K, V>, view: TopicView): boolean {
  const before = leaderOf(partition)?.leaderEpoch;
  partition.view = view;
  const { leaderId, leaderEpoch } = leaderOf(partition) ?? {};
  if (leaderId === undefined) return false;
  if (partition.phase.t === 'fetching') return partition.phase.brokerId !== leaderId;
  if (partition.phase.t !== 'resting' || leaderEpoch === before) return false;
  // How often the leader before failed says nothing of this one.
  partition.phase.timer.cancel();
  partition.failures = 0;
  return true;
}

/** Its topic is gone, or another of its name has taken its place. */
export function deletedError<K, V>({ topic, topicId }: AssignedPartition<K, V>): MoldauError {
  return new MoldauError('UNKNOWN_TOPIC', `topic '${topic}' was deleted`, { topic, topic_id: topicId });
}

/** Key of a partition by its topic's name; no topic's name holds a colon. */
export function nameKey(topic: string, partition: number): string {
  return `${topic}:${partition}`;
}
