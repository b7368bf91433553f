import { type BrokerId, leaderEpoch, type PartitionIndex, partitionIndex, type TopicId } from '@moldau/kernel';
import { DAMAGED_END, type LogEnd, type MetadataImage, type PartitionImage, partitionOf } from '../image/metadata-image.ts';
import { partitionRecordKey } from '../image/metadata-keys.ts';
import { encodePartition, type PartitionState } from '../image/record-codec.ts';
import { type BrokersById, isDamaged, lead, NO_BROKER_EPOCH, nextVersion, without, withoutLastKnown } from './partition-change.ts';
import { asRead, type RecordWrite } from './record-write.ts';
import { electLeader } from './settle-partition.ts';

/** Where a replica stands after an unclean stop. */
export interface ReportedReplica extends LogEnd {
  /** Whether recovery cut anything off its log. */
  readonly cut: boolean;
  /** Whether data below its checkpointed high watermark is bad or gone. */
  readonly damaged: boolean;
}

/**
 * Leader epochs that a log may be ahead of its record, which was then restored from a backup. More have hardly been used since; no
 * checksum covers the epoch of a batch, and a flipped bit must not use up all that there are.
 */
const EPOCHS_AHEAD_MAX = 1_000_000;

/** What a broker says of its replicas when it registers after an unclean stop. */
export type ReplicaReport = ReadonlyMap<TopicId, ReadonlyMap<PartitionIndex, ReportedReplica>>;

/**
 * The state after a replica has lost all it had, with its directory: it has no right to lead any more, and nobody waits for it. Undefined when it had none.
 */
export function stripRights(partition: PartitionImage, lost: BrokerId, brokers: BrokersById): PartitionState | undefined {
  if (!hasRights(partition, lost) && !partition.lastKnownElr.includes(lost)) return undefined;
  const stripped = withoutLastKnown(withoutMember(partition, lost), [lost]);
  return nextVersion(electLeader(stripped, withoutBroker(brokers, lost)));
}

/**
 * The state after a replica has come back with a log that may have lost its end: it leads only when nobody is left who is
 * beyond doubt. Undefined when it had no rights, or this is known.
 */
export function suspendRights(partition: PartitionImage, id: BrokerId, end: LogEnd, brokers: BrokersById): PartitionState | undefined {
  const known = partition.lastKnownEnds[partition.lastKnownElr.indexOf(id)];
  if (!hasRights(partition, id)) {
    if (known === undefined && !partition.lastKnownElr.includes(id)) return undefined;
    if (known?.lastEpoch === end.lastEpoch && known.endOffset === end.endOffset) return undefined;
  }
  const others = withoutLastKnown(withoutMember(partition, id), [id]);
  const doubted =
    others.isr.length >= others.minIsr
      ? others
      : {
          ...others,
          lastKnownElr: [...others.lastKnownElr, id],
          lastKnownEnds: [...others.lastKnownEnds, { lastEpoch: end.lastEpoch, endOffset: end.endOffset }],
        };
  return nextVersion(electLeader(doubted, withoutBroker(brokers, id)));
}

/**
 * The state after a replica was found to be damaged: it has no right to lead any more. The last that had any is kept in mind, for
 * the others have less; nobody leads until it was repaired or an operator gives it up, and whoever leads then may have lost
 * acknowledged records. Undefined when that is so already.
 */
export function condemn(partition: PartitionImage, id: BrokerId, brokers: BrokersById): PartitionState | undefined {
  if (isDamaged(partition, id)) return undefined;
  if (!hasRights(partition, id) && !partition.lastKnownElr.includes(id)) return undefined;
  const left = withoutLastKnown(withoutMember(partition, id), [id]);
  if (left.isr.length + left.elr.length + left.lastKnownElr.length > 0) return nextVersion(electLeader(left, withoutBroker(brokers, id)));
  return nextVersion({ ...left, lastKnownElr: [id], lastKnownEnds: [DAMAGED_END], lossyEpoch: left.leaderEpoch });
}

/** Writes that take the rights from all replicas of a broker that lost its directory; at most `limit`, none: it has none. */
export function stripWrites(image: MetadataImage, lost: BrokerId, limit: number): RecordWrite[] {
  const writes: RecordWrite[] = [];
  for (const topic of image.topics.values()) {
    for (const [index, partition] of topic.partitions.entries()) {
      const state = partition === undefined ? undefined : stripRights(partition, lost, image.brokers);
      if (partition === undefined || state === undefined) continue;
      writes.push(partitionWrite(topic.topicId, partitionIndex(index), partition, state));
      if (writes.length === limit) return writes;
    }
  }
  return writes;
}

/**
 * Writes that a report calls for; at most `limit`, none: nothing is left to do. With flush=sync recovery proves the log, so a
 * replica that lost nothing keeps its rights. A log that is newer than its record raises the leader epoch.
 */
export function reportWrites(image: MetadataImage, id: BrokerId, report: ReplicaReport, limit: number): RecordWrite[] {
  const writes: RecordWrite[] = [];
  for (const [topicId, replicas] of report) {
    const partitions = image.topics.get(topicId)?.partitions;
    if (partitions === undefined) continue;
    for (const [index, reported] of replicas) {
      const partition = partitions.get(index);
      const state = partition === undefined ? undefined : judged(partition, id, reported, image.brokers);
      if (partition === undefined || state === undefined) continue;
      writes.push(partitionWrite(topicId, index, partition, state));
      if (writes.length === limit) return writes;
    }
  }
  return writes;
}

/**
 * Writes that damage calls for which a running broker has found; at most `limit`. `seen`: the metadata version that the broker
 * knew. It does not speak of newer records: there the replica may have been built anew meanwhile.
 */
export function damageWrites(image: MetadataImage, id: BrokerId, report: ReplicaReport, seen: number, limit: number): RecordWrite[] {
  const writes: RecordWrite[] = [];
  for (const [topicId, replicas] of report) {
    for (const index of replicas.keys()) {
      const partition = partitionOf(image, topicId, index);
      if (partition === undefined || partition.modRevision > seen) continue;
      const state = condemn(partition, id, image.brokers);
      if (state !== undefined) writes.push(partitionWrite(topicId, index, partition, state));
      if (writes.length === limit) return writes;
    }
  }
  return writes;
}

function judged(partition: PartitionImage, id: BrokerId, reported: ReportedReplica, brokers: BrokersById): PartitionState | undefined {
  const ahead = reported.lastEpoch - partition.leaderEpoch;
  if (ahead > EPOCHS_AHEAD_MAX) return condemn(partition, id, brokers);
  if (ahead > 0) return surpassed(partition, id, reported.lastEpoch, brokers);
  if (reported.damaged) return condemn(partition, id, brokers);
  // One that was in doubt before may say anew where its log ends.
  if (partition.flush === 'sync' && !reported.cut && !partition.lastKnownElr.includes(id)) return undefined;
  return suspendRights(partition, id, reported, brokers);
}

/** The log is newer than the record, which was restored from a backup: leader epochs go on above all that were used. */
function surpassed(partition: PartitionImage, id: BrokerId, lastEpoch: number, brokers: BrokersById): PartitionState {
  const raised = { ...partition, leaderEpoch: leaderEpoch(lastEpoch) };
  return nextVersion(electLeader(lead(raised, undefined, NO_BROKER_EPOCH), withoutBroker(brokers, id)));
}

function hasRights(partition: PartitionImage, id: BrokerId): boolean {
  return partition.isr.includes(id) || partition.elr.includes(id) || partition.leader === id;
}

function withoutMember(partition: PartitionState, id: BrokerId): PartitionState {
  const leaderless = partition.leader === id ? lead(partition, undefined, NO_BROKER_EPOCH) : partition;
  const isr = without(partition.isr, [id]);
  return { ...leaderless, isr, elr: without(partition.elr, [id]) };
}

/** The old life of a broker that registers must not be elected, though its record still shows it. */
function withoutBroker(brokers: BrokersById, gone: BrokerId): BrokersById {
  return { get: (id) => (id === gone ? undefined : brokers.get(id)) };
}

export function partitionWrite(topicId: TopicId, index: PartitionIndex, before: PartitionImage, state: PartitionState): RecordWrite {
  return { key: partitionRecordKey(topicId, index), value: encodePartition(state, before), expected: asRead(before) };
}
