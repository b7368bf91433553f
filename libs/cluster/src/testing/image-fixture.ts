import {
  type BrokerId,
  brokerEpoch,
  type DirectoryId,
  leaderEpoch,
  type PartitionIndex,
  partitionEpoch,
  type TopicId,
} from '@moldau/kernel';
import { BrokerRecord } from '@moldau/protocol';
import { applyChanges, type KeyChange } from '../image/apply-changes.ts';
import { type BrokerImage, EMPTY_IMAGE, type MetadataImage, type PartitionImage } from '../image/metadata-image.ts';
import { partitionRecordKey, topicKey } from '../image/metadata-keys.ts';
import { decodeBroker, decodePartition, encodePartition, encodeTopic, type PartitionState } from '../image/record-codec.ts';

const DIRECTORY = '00000000-0000-4000-8000-000000000001' as DirectoryId;

export function testTopicId(index: number): TopicId {
  return `00000000-0000-4000-8000-${String(index).padStart(12, '0')}` as TopicId;
}

export function testBrokers(...ids: number[]): BrokerId[] {
  return ids as BrokerId[];
}

export interface BrokerFields {
  readonly fenced?: boolean;
  readonly shuttingDown?: boolean;
  readonly epoch?: number;
  readonly rack?: string;
  readonly cordoned?: boolean;
  readonly draining?: boolean;
  readonly slowDisk?: boolean;
}

export function brokerBytes(
  id: number,
  { fenced = false, shuttingDown = false, epoch = 100 + id, rack, cordoned = false, draining, slowDisk }: BrokerFields = {},
): Uint8Array {
  return BrokerRecord.encode({
    brokerId: id,
    directoryId: DIRECTORY,
    incarnationId: DIRECTORY,
    endpoints: new Map(),
    rack,
    fenced,
    cordoned,
    draining,
    slowDisk,
    features: new Map(),
    softwareVersion: '',
    brokerEpoch: epoch,
    shuttingDown,
  }).finish();
}

export function testBroker(id: number, fields: BrokerFields = {}): BrokerImage {
  return decodeBroker(brokerBytes(id, fields), 1);
}

/** A partition of factor 3 on brokers 0, 1, 2, led by 0, but for what is given. */
export function testPartition(fields: Partial<PartitionState> = {}): PartitionImage {
  return decodePartition(partitionBytes(fields), 1);
}

export function partitionBytes(fields: Partial<PartitionState> = {}): Uint8Array {
  const replicas = fields.replicas ?? testBrokers(0, 1, 2);
  const leader = 'leader' in fields ? fields.leader : replicas[0];
  return encodePartition(
    {
      leaderEpoch: leaderEpoch(0),
      partitionEpoch: partitionEpoch(0),
      leaderBrokerEpoch: brokerEpoch(leader === undefined ? 0 : 100 + leader),
      isr: replicas,
      elr: [],
      lastKnownElr: [],
      lastKnownEnds: [],
      minIsr: 2,
      flush: 'sync',
      adding: [],
      removing: [],
      lossyEpoch: undefined,
      ...fields,
      replicas,
      leader,
    },
    undefined,
  );
}

/** A topic of so many partitions, all of which are there. */
export function topicBytes(topicId: TopicId, partitionCount: number, name = 't'): Uint8Array {
  const names = { topicId, namespace: 'default' as never, name: name as never };
  const counts = { partitionCount, readyPartitions: partitionCount, replicationFactor: 3 };
  return encodeTopic({ ...names, ...counts, createdAtMs: 0, internal: false, state: 'active' }, undefined);
}

/** Changes that make topics of so many partitions each. */
export function topicChanges(topics: number, partitionsEach: number, revision = 1): KeyChange[] {
  const changes: KeyChange[] = [];
  for (let topic = 0; topic < topics; topic += 1) {
    const topicId = testTopicId(topic);
    for (let index = 0; index < partitionsEach; index += 1) {
      changes.push({ key: partitionRecordKey(topicId, index as PartitionIndex), value: partitionBytes(), revision });
    }
    changes.push({ key: topicKey(topicId), value: topicBytes(topicId, partitionsEach, `topic-${topic}`), revision });
  }
  return changes;
}

/** The brokers, and topic 0 with one partition for each of `partitions`; those were last written at `revision`. */
export function topicImage(
  partitions: readonly Partial<PartitionState>[],
  brokers: Readonly<Record<number, BrokerFields>>,
  revision = 1,
): MetadataImage {
  const topicId = testTopicId(0);
  return imageOf(
    ...Object.entries(brokers).map(([id, fields]) => ({ key: `brokers/${id}`, value: brokerBytes(Number(id), fields), revision: 1 })),
    { key: topicKey(topicId), value: topicBytes(topicId, partitions.length), revision: 1 },
    ...partitions.map((fields, index) => ({
      key: partitionRecordKey(topicId, index as PartitionIndex),
      value: partitionBytes(fields),
      revision,
    })),
  );
}

export function imageOf(...changes: readonly KeyChange[]): MetadataImage {
  return applyChanges(EMPTY_IMAGE, 1, changes).image;
}
