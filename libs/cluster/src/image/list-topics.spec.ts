import type { Namespace, TopicName } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { testTopicId } from '../testing/image-fixture.ts';
import { listTopics } from './list-topics.ts';
import { EMPTY_IMAGE, type MetadataImage, NO_PARTITIONS, type TopicImage } from './metadata-image.ts';

const home = 'default' as Namespace;

function topic(index: number, name: string, fields: Partial<TopicImage> = {}): TopicImage {
  return {
    topicId: testTopicId(index),
    namespace: home,
    name: name as TopicName,
    state: 'active',
    partitionCount: 3,
    readyPartitions: 3,
    replicationFactor: 1,
    createdAtMs: 0,
    internal: false,
    partitions: NO_PARTITIONS,
    modRevision: 1,
    bytes: new Uint8Array(0),
    ...fields,
  };
}

const image: MetadataImage = {
  ...EMPTY_IMAGE,
  topics: EMPTY_IMAGE.topics.withMutations((topics) => {
    const all = [
      topic(1, 'orders'),
      topic(2, 'flights'),
      topic(3, '__groups', { internal: true }),
      topic(4, 'being-made', { state: 'creating', readyPartitions: 0 }),
      topic(5, 'going', { state: 'deleting' }),
      topic(6, 'elsewhere', { namespace: 'other' as Namespace }),
      topic(7, 'clicks'),
    ];
    for (const one of all) topics.set(one.topicId, one);
  }),
};

const page = (fields: { pageSize?: number; pageToken?: string; includeInternal?: boolean } = {}) => {
  const request = { pageSize: undefined, pageToken: '', includeInternal: false, ...fields };
  const { topics, nextPageToken } = listTopics(image, home, request);
  return { names: topics.map(({ name }) => name), next: nextPageToken };
};

describe('ListTopics', () => {
  it('gives what clients of the namespace may see, by name', () => {
    expect(page()).toEqual({ names: ['clicks', 'flights', 'orders'], next: '' });
    expect(page({ includeInternal: true }).names).toEqual(['__groups', 'clicks', 'flights', 'orders']);
  });

  it('gives pages that follow each other, the last without a token', () => {
    expect(page({ pageSize: 2 })).toEqual({ names: ['clicks', 'flights'], next: 'flights' });
    expect(page({ pageSize: 2, pageToken: 'flights' })).toEqual({ names: ['orders'], next: '' });
    expect(page({ pageSize: 1, pageToken: 'orders' })).toEqual({ names: [], next: '' });
  });

  it.each([0, -1, 10_001])('refuses a page of %i with field, value and limit', (pageSize) => {
    const facts = { field: 'page_size', value: String(pageSize), limit: '1 … 10000' };
    expect(() => page({ pageSize })).toThrow(expect.objectContaining({ reason: 'INVALID_REQUEST', facts }));
  });
});
