import { assert } from './assert.ts';
import type { Brand } from './brand.ts';

/** Position of a record in a partition: a safe integer ≥ 0 (2⁵³ is 285 years at a million records a second); int64 on the wire. */
export type Offset = Brand<number, 'Offset'>;
/** Index of a partition within its topic, 0 … 2³¹−1. */
export type PartitionIndex = Brand<number, 'PartitionIndex'>;
/** Identity of a broker in its cluster, 0 … 2³¹−1, given by the operator. */
export type BrokerId = Brand<number, 'BrokerId'>;
/** Rises by one at each change of a partition's leader; int32. */
export type LeaderEpoch = Brand<number, 'LeaderEpoch'>;
/** Rises by one at each change of a partition's record; int32. */
export type PartitionEpoch = Brand<number, 'PartitionEpoch'>;
/** Metadata revision at which the active controller was elected; fences its predecessors. */
export type ControllerEpoch = Brand<number, 'ControllerEpoch'>;
/** Metadata revision at which this life of a broker registered; fences its earlier lives. */
export type BrokerEpoch = Brand<number, 'BrokerEpoch'>;
/** Version of the cluster's metadata: the revision of the metadata store. */
export type MetadataVersion = Brand<number, 'MetadataVersion'>;
/** Identity of a producer session, handed out in blocks by the controller. */
export type ProducerId = Brand<number, 'ProducerId'>;
/** Fences earlier sessions of one producer id; int16. */
export type ProducerEpoch = Brand<number, 'ProducerEpoch'>;
/** UUID of a topic; a topic created again under the same name has another. */
export type TopicId = Brand<string, 'TopicId'>;
/** UUID of the cluster, made by its first controller. */
export type ClusterId = Brand<string, 'ClusterId'>;
/** UUID of a data directory, made when it is formatted. */
export type DirectoryId = Brand<string, 'DirectoryId'>;
/** Identity of a coordinator instance, unique among the living. */
export type CoordinatorId = Brand<string, 'CoordinatorId'>;

const INT16_MAX = 0x7fff;
const INT32_MAX = 0x7fff_ffff;

export const FIRST_OFFSET = 0 as Offset;

export function offset(value: number): Offset {
  assert(Number.isSafeInteger(value) && value >= 0, 'an offset is a safe integer ≥ 0', { value });
  return value as Offset;
}

/** `base + count`, still an offset. */
export function advance(base: Offset, count: number): Offset {
  return offset(base + count);
}

export function partitionIndex(value: number): PartitionIndex {
  return int32('a partition index', value) as PartitionIndex;
}

export function brokerId(value: number): BrokerId {
  return int32('a broker id', value) as BrokerId;
}

export function leaderEpoch(value: number): LeaderEpoch {
  return int32('a leader epoch', value) as LeaderEpoch;
}

export function partitionEpoch(value: number): PartitionEpoch {
  return int32('a partition epoch', value) as PartitionEpoch;
}

export function controllerEpoch(value: number): ControllerEpoch {
  return safe('a controller epoch', value) as ControllerEpoch;
}

export function brokerEpoch(value: number): BrokerEpoch {
  return safe('a broker epoch', value) as BrokerEpoch;
}

export function metadataVersion(value: number): MetadataVersion {
  return safe('a metadata version', value) as MetadataVersion;
}

export function producerId(value: number): ProducerId {
  return safe('a producer id', value) as ProducerId;
}

export function producerEpoch(value: number): ProducerEpoch {
  assert(Number.isInteger(value) && value >= 0 && value <= INT16_MAX, 'a producer epoch is an int16 ≥ 0', { value });
  return value as ProducerEpoch;
}

export function topicId(value: string): TopicId {
  return uuid('a topic id', value) as TopicId;
}

export function clusterId(value: string): ClusterId {
  return uuid('a cluster id', value) as ClusterId;
}

export function directoryId(value: string): DirectoryId {
  return uuid('a directory id', value) as DirectoryId;
}

export function coordinatorId(value: string): CoordinatorId {
  assert(value.length > 0, 'a coordinator id is not empty', {});
  return value as CoordinatorId;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether `value` is a UUID in its canonical lower-case form; for input from outside, before the branding functions assert it. */
export function isUuid(value: string): boolean {
  return UUID.test(value);
}

function uuid(what: string, value: string): string {
  assert(isUuid(value), `${what} is a lower-case UUID`, { value });
  return value;
}

function int32(what: string, value: number): number {
  assert(Number.isInteger(value) && value >= 0 && value <= INT32_MAX, `${what} is an int32 ≥ 0`, { value });
  return value;
}

function safe(what: string, value: number): number {
  assert(Number.isSafeInteger(value) && value >= 0, `${what} is a safe integer ≥ 0`, { value });
  return value;
}
