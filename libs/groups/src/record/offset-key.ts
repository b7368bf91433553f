import type { PartitionIndex, TopicId } from '@moldau/kernel';
import { GroupRecordOffsetKey } from '@moldau/protocol';
import type { GroupRef } from '../group-ref.ts';

/** Tags on the wire: `GroupRecordKey.offset`, length-delimited, and `GroupRecordOffsetKey.partition`, a varint. */
const OFFSET_TAG = (5 << 3) | 2;
const PARTITION_TAG = (4 << 3) | 0;
const VARINT_BITS = 7;
const VARINT_MORE = 0x80;

/** A partition for which a group has committed an offset. */
export interface OffsetThing {
  readonly group: GroupRef;
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
}

/** What all partitions of a topic have in common in their keys; of the topic that was last asked for. */
let known: { readonly namespace: string; readonly groupId: string; readonly topicId: string; readonly bytes: Uint8Array } | undefined;

/**
 * The key of a committed offset, as protobuf encodes it. By hand: a commit has a hundred of them that differ in a number, and
 * encoding names and ids again for each is most of what a commit costs its owner.
 */
export function encodeOffsetKey({ group, topicId, partition }: OffsetThing): Uint8Array {
  const common = commonOf(group, topicId);
  const partitionLength = partition === 0 ? 0 : 1 + varintLength(partition);
  const length = common.length + partitionLength;
  const bytes = new Uint8Array(1 + varintLength(length) + length);
  bytes[0] = OFFSET_TAG;
  let at = putVarint(bytes, 1, length);
  bytes.set(common, at);
  at += common.length;
  if (partition !== 0) {
    bytes[at] = PARTITION_TAG;
    putVarint(bytes, at + 1, partition);
  }
  return bytes;
}

function commonOf({ namespace, groupId }: GroupRef, topicId: TopicId): Uint8Array {
  if (known?.topicId !== topicId || known.groupId !== groupId || known.namespace !== namespace) {
    known = { namespace, groupId, topicId, bytes: GroupRecordOffsetKey.encode({ namespace, groupId, topicId, partition: 0 }).finish() };
  }
  return known.bytes;
}

/** Of a number from 0 to 2³¹ - 1. */
function varintLength(value: number): number {
  let length = 1;
  for (let rest = value >>> VARINT_BITS; rest > 0; rest >>>= VARINT_BITS) length += 1;
  return length;
}

/** Answers where it ends. */
function putVarint(bytes: Uint8Array, from: number, value: number): number {
  let at = from;
  let rest = value;
  for (; rest >= VARINT_MORE; rest >>>= VARINT_BITS) bytes[at++] = (rest & (VARINT_MORE - 1)) | VARINT_MORE;
  bytes[at++] = rest;
  return at;
}
