import { MoldauError, type Namespace, partitionIndex, producerId, topicId } from '@moldau/kernel';
import { GroupRecordKey } from '@moldau/protocol';
import type { GroupRef } from '../group-ref.ts';
import type { GroupStateRecord } from './group-state-record.ts';
import { encodeOffsetKey } from './offset-key.ts';

/** Keys of `__groups`. One thing has one key, byte for byte: compaction keeps the newest record of each. */

type WireKey = NonNullable<GroupRecordKey['key']>;

/** A record without what it says of its thing. */
export type RecordThing = GroupStateRecord extends infer Each ? (Each extends GroupStateRecord ? Omit<Each, 'value'> : never) : never;

export function encodeRecordKey(record: RecordThing): Uint8Array {
  if (record.type === 'offset') return encodeOffsetKey(record);
  return GroupRecordKey.encode({ key: wireKey(record) }).finish();
}

function wireKey(record: RecordThing): WireKey {
  switch (record.type) {
    case 'group':
      return { $case: 'group', value: { ...record.group } };
    case 'member':
    case 'target':
    case 'holding':
      return { $case: record.type, value: { ...record.group, memberId: record.memberId } };
    case 'offset':
      return { $case: 'offset', value: { ...record.group, topicId: record.topicId, partition: record.partition } };
    case 'staged-offset': {
      const { topicId: topic, partition } = record;
      return { $case: 'stagedOffset', value: { ...record.group, producerId: record.producerId, topicId: topic, partition } };
    }
    case 'producer':
      return { $case: 'producer', value: { producerId: record.producerId } };
  }
}

/** @throws MoldauError UNSUPPORTED_RECORD with the number of the record type */
export function decodeRecordKey(bytes: Uint8Array): RecordThing {
  const message = GroupRecordKey.decode(bytes);
  const key = message.key;
  if (key === undefined) throw unsupported(message);
  switch (key.$case) {
    case 'group':
      return { type: 'group', group: groupOf(key.value) };
    case 'member':
    case 'target':
    case 'holding':
      return { type: key.$case, group: groupOf(key.value), memberId: key.value.memberId };
    case 'offset':
      return { type: 'offset', group: groupOf(key.value), ...partitionOf(key.value) };
    case 'stagedOffset':
      return { type: 'staged-offset', group: groupOf(key.value), producerId: producerId(key.value.producerId), ...partitionOf(key.value) };
    case 'producer':
      return { type: 'producer', producerId: producerId(key.value.producerId) };
  }
}

function groupOf(key: { readonly namespace: string; readonly groupId: string }): GroupRef {
  return { namespace: key.namespace as Namespace, groupId: key.groupId };
}

function partitionOf(key: {
  readonly topicId: string;
  readonly partition: number;
}): Pick<GroupStateRecord & { type: 'offset' }, 'topicId' | 'partition'> {
  return { topicId: topicId(key.topicId), partition: partitionIndex(key.partition) };
}

function unsupported(message: GroupRecordKey): MoldauError {
  // A tag is the number of the field and three bits of its wire type.
  const numbers = Object.keys(message._unknownFields ?? {}).map((tag) => Number(tag) >>> 3);
  const type = numbers.length === 0 ? 'none' : numbers.join(', ');
  return new MoldauError('UNSUPPORTED_RECORD', `a record of type ${type} in __groups: a newer version wrote it`, {
    topic: '__groups',
    record_type: type,
  });
}
