import {
  type EncodedRecord,
  leaderEpoch,
  offset,
  type PartitionIndex,
  partitionIndex,
  producerEpoch,
  type TopicId,
  topicId,
} from '@moldau/kernel';
import {
  GroupHoldingRecord,
  GroupKind,
  GroupMemberRecord,
  GroupOffsetRecord,
  GroupProducerRecord,
  GroupRecord,
  GroupStagedOffsetRecord,
  GroupTargetRecord,
  type GroupTopicPartitions,
  type StreamsTask,
} from '@moldau/protocol';
import { type EpochedPartitions, sortedByTopic, type TopicPartitions } from '../partitions/partition-map.ts';
import { profileOfStreams, taskOf, wireStreams, wireTask } from '../streams/streams-profile.ts';
import type { CommittedOffset, GroupKindName, GroupStateRecord, GroupValue } from './group-state-record.ts';
import { decodeRecordKey, encodeRecordKey } from './record-key.ts';

export function encodeRecord(record: GroupStateRecord): EncodedRecord {
  return { key: encodeRecordKey(record), value: encodeValue(record) };
}

/** @throws MoldauError UNSUPPORTED_RECORD with the number of a record type that this version does not know */
export function decodeRecord({ key, value }: EncodedRecord): GroupStateRecord {
  const thing = decodeRecordKey(key);
  switch (thing.type) {
    case 'group':
      return { ...thing, value: value && decodeGroup(value) };
    case 'member':
      return { ...thing, value: value && decodeMember(value) };
    case 'target':
      return value === undefined ? { ...thing, value } : { ...thing, ...decodeTarget(value) };
    case 'holding':
      return { ...thing, value: value && decodeHolding(value) };
    case 'offset':
      return { ...thing, value: value && fromOffset(GroupOffsetRecord.decode(value)) };
    case 'staged-offset': {
      const staged = value && GroupStagedOffsetRecord.decode(value);
      const inside = GroupOffsetRecord.decode(new Uint8Array());
      return {
        ...thing,
        value: staged && { producerEpoch: producerEpoch(staged.producerEpoch), offset: fromOffset(staged.offset ?? inside) },
      };
    }
    case 'producer': {
      const ended = value && GroupProducerRecord.decode(value);
      return { ...thing, value: ended && { ...ended, producerEpoch: producerEpoch(ended.producerEpoch) } };
    }
  }
}

function encodeValue(record: GroupStateRecord): Uint8Array | undefined {
  if (record.value === undefined) return undefined;
  switch (record.type) {
    case 'group':
      return GroupRecord.encode({ ...record.value, kind: KIND_CODES[record.value.kind] }).finish();
    case 'member':
      return GroupMemberRecord.encode({
        ...record.value,
        topicNames: [...record.value.topicNames],
        streams: record.value.streams && wireStreams(record.value.streams),
      }).finish();
    case 'target':
      return GroupTargetRecord.encode({ topics: fromPlain(record.value), following: (record.following ?? []).map(wireTask) }).finish();
    case 'holding': {
      const { memberEpoch, held, revoking, away, following = [] } = record.value;
      const tasks = following.map(wireTask);
      return GroupHoldingRecord.encode({
        ...{ memberEpoch, held: fromEpoched(held), revoking: fromEpoched(revoking), away, following: tasks },
      }).finish();
    }
    case 'offset':
      return GroupOffsetRecord.encode(record.value).finish();
    case 'staged-offset':
      return GroupStagedOffsetRecord.encode(record.value).finish();
    case 'producer':
      return GroupProducerRecord.encode(record.value).finish();
  }
}

const KIND_CODES: Readonly<Record<GroupKindName, GroupKind>> = { offsets: GroupKind.OFFSETS, consumer: GroupKind.CONSUMER };

function decodeGroup(bytes: Uint8Array): GroupValue {
  const { kind, groupEpoch, assignmentEpoch, assignor, topicsFingerprint, emptySinceMs } = GroupRecord.decode(bytes);
  const name = kind === GroupKind.CONSUMER ? 'consumer' : 'offsets';
  return { kind: name, groupEpoch, assignmentEpoch, assignor, topicsFingerprint, emptySinceMs };
}

function decodeTarget(bytes: Uint8Array): { readonly value: TopicPartitions; readonly following: readonly string[] | undefined } {
  const { topics, following } = GroupTargetRecord.decode(bytes);
  return { value: plainPartitions(topics), following: tasksOf(following) };
}

function decodeHolding(bytes: Uint8Array): (GroupStateRecord & { type: 'holding' })['value'] {
  const { memberEpoch, held, revoking, away, following } = GroupHoldingRecord.decode(bytes);
  return { memberEpoch, held: epoched(held), revoking: epoched(revoking), away, following: tasksOf(following) };
}

function tasksOf(following: readonly StreamsTask[]): readonly string[] | undefined {
  return following.length === 0 ? undefined : following.map(taskOf);
}

function decodeMember(bytes: Uint8Array): (GroupStateRecord & { type: 'member' })['value'] {
  const { instanceId, rack, clientId, clientHost, topicNames, topicPattern, metadata, rebalanceTimeoutMs, joinedEpoch, attempt, streams } =
    GroupMemberRecord.decode(bytes);
  // A copy: what was decoded is a view of a whole batch, which the state would keep in memory.
  const said = { clientId, clientHost, topicNames, metadata: Uint8Array.from(metadata), rebalanceTimeoutMs, joinedEpoch, attempt };
  return { ...said, instanceId, rack, topicPattern, streams: streams && profileOfStreams(streams) };
}

function fromOffset(record: GroupOffsetRecord): CommittedOffset {
  return {
    offset: offset(record.offset),
    leaderEpoch: record.leaderEpoch === undefined ? undefined : leaderEpoch(record.leaderEpoch),
    metadata: record.metadata,
    committedAtMs: record.committedAtMs,
    expiresAtMs: record.expiresAtMs,
  };
}

function fromPlain(topics: TopicPartitions): GroupTopicPartitions[] {
  return [...sortedByTopic(topics)].map(([id, partitions]) => ({ topicId: id, partitions: [...partitions], epochs: [] }));
}

function plainPartitions(topics: readonly GroupTopicPartitions[]): TopicPartitions {
  return new Map(topics.map(({ topicId: id, partitions }) => [topicId(id), partitions.map(partitionIndex)]));
}

function fromEpoched(topics: EpochedPartitions): GroupTopicPartitions[] {
  return [...sortedByTopic(topics)].map(([id, epochs]) => {
    const rising = [...epochs].sort(([one], [other]) => one - other);
    return { topicId: id, partitions: rising.map(([partition]) => partition), epochs: rising.map(([, epoch]) => epoch) };
  });
}

function epoched(topics: readonly GroupTopicPartitions[]): EpochedPartitions {
  return new Map<TopicId, Map<PartitionIndex, number>>(
    topics.map(({ topicId: id, partitions, epochs }) => [
      topicId(id),
      new Map(partitions.map((partition, at) => [partitionIndex(partition), epochs[at] ?? 0])),
    ]),
  );
}
