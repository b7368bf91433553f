import { expect, it } from 'vitest';
import { partitionIndex, topicId } from './ids.ts';
import { partitionKey } from './topic-partition.ts';

it('a partition key names topic and index, so that different partitions never share one', () => {
  const topic = topicId('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
  expect(partitionKey(topic, partitionIndex(1))).toBe('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11-1');
  expect(partitionKey(topic, partitionIndex(11))).not.toBe(partitionKey(topic, partitionIndex(1)));
});
