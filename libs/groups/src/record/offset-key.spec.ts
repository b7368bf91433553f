import type { Namespace, PartitionIndex, TopicId } from '@moldau/kernel';
import type { GroupRecordOffsetKey } from '@moldau/protocol';
import { GroupRecordKey } from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { encodeOffsetKey } from './offset-key.ts';

const TOPIC_ID = '11111111-1111-4111-8111-111111111111';

function both(value: GroupRecordOffsetKey): readonly [ours: number[], generated: number[]] {
  const { namespace, groupId, topicId, partition } = value;
  const group = { namespace: namespace as Namespace, groupId };
  const ours = encodeOffsetKey({ group, topicId: topicId as TopicId, partition: partition as PartitionIndex });
  return [[...ours], [...GroupRecordKey.encode({ key: { $case: 'offset', value } }).finish()]];
}

describe('the key of a committed offset', () => {
  it.each([0, 1, 127, 128, 300, 16_383, 16_384, 2_097_152, 2 ** 31 - 1])('is what protobuf makes of it, for partition %i', (partition) => {
    for (const groupId of ['g', 'größe', 'x'.repeat(249), 'y'.repeat(81), 'y'.repeat(82), 'y'.repeat(83)]) {
      const [ours, generated] = both({ namespace: 'default', groupId, topicId: TOPIC_ID, partition });
      expect(ours).toEqual(generated);
    }
  });

  it('is that of its own group, namespace and topic, whichever was before', () => {
    const values = ['default', 'other'].flatMap((namespace) => {
      return ['a', 'b'].flatMap((groupId) =>
        [TOPIC_ID, TOPIC_ID.replace('1', '2')].map((topicId) => ({ namespace, groupId, topicId, partition: 7 })),
      );
    });
    for (const value of [...values, ...values.toReversed()]) {
      const [ours, generated] = both(value);
      expect(ours).toEqual(generated);
    }
  });
});
