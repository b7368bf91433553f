import { PartitionRecord } from '@moldau/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { brokerBytes, imageOf, partitionBytes, testTopicId, topicChanges } from '../testing/image-fixture.ts';
import { applyChanges, type KeyChange } from './apply-changes.ts';
import { imageEntries } from './image-entries.ts';
import { EMPTY_IMAGE, type MetadataImage, partitionOf, topicByName } from './metadata-image.ts';
import { parseKey } from './metadata-keys.ts';
import { decodePartition, encodeConfig, encodePartition, encodeTopic } from './record-codec.ts';

function listed(image: MetadataImage): string[] {
  return [...imageEntries(image)].map(({ key, value, revision }) => `${key}@${revision}=${Buffer.from(value).toString('base64')}`).sort();
}

const topicIndex = fc.integer({ min: 0, max: 3 });

function topicValue(index: number, state: 'creating' | 'active' | 'deleting', name = `t${index}`): Uint8Array {
  const fields = { topicId: testTopicId(index), namespace: 'default' as never, name: name as never, replicationFactor: 1 };
  return encodeTopic({ ...fields, createdAtMs: 5, internal: false, state, partitionCount: 3, readyPartitions: 0 }, undefined);
}

const change: fc.Arbitrary<Omit<KeyChange, 'revision'>> = fc.oneof(
  fc.record({ index: topicIndex, state: fc.constantFrom('creating', 'active', 'deleting', undefined) }).map(({ index, state }) => ({
    key: `topics/${testTopicId(index)}`,
    value: state === undefined ? undefined : topicValue(index, state),
  })),
  fc.record({ index: topicIndex, partition: fc.integer({ min: 0, max: 2 }), there: fc.boolean() }).map(({ index, partition, there }) => ({
    key: `partitions/${testTopicId(index)}/${partition}`,
    value: there ? partitionBytes() : undefined,
  })),
  fc
    .record({ id: fc.integer({ min: 0, max: 2 }), fenced: fc.boolean() })
    .map(({ id, fenced }) => ({ key: `brokers/${id}`, value: brokerBytes(id, { fenced }) })),
  fc.constantFrom<Omit<KeyChange, 'revision'>[]>(
    { key: 'configs/cluster', value: encodeConfig(new Map([['a', 'b']]), undefined) },
    { key: 'configs/cluster', value: undefined },
    { key: 'something/new', value: Uint8Array.of(1) },
  ),
);

describe('the metadata image', () => {
  it('is the same from its own snapshot as from the changes that led to it', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        let image = EMPTY_IMAGE;
        changes.forEach((one, i) => {
          image = applyChanges(image, i + 1, [{ ...one, revision: i + 1 }]).image;
        });
        const copy = applyChanges(EMPTY_IMAGE, image.version, [...imageEntries(image)]).image;
        expect(listed(copy)).toEqual(listed(image));
        const named = (from: MetadataImage) =>
          from.topics
            .filter((topic) => topic.state !== 'deleting')
            .map((topic) => topic.name)
            .toSet();
        expect(
          image.topicIds
            .keySeq()
            .map((key) => key.split('/')[1])
            .toSet()
            .toJS()
            .sort(),
        ).toEqual(named(image).toJS().sort());
      }),
      { numRuns: 200 },
    );
  });

  it('leaves the image before it as it was, and shares what did not change', () => {
    const before = imageOf(...topicChanges(3, 4));
    const entries = listed(before);
    const key = `partitions/${testTopicId(1)}/2`;
    const { image, delta } = applyChanges(before, 9, [{ key, value: partitionBytes({ leader: undefined }), revision: 9 }]);
    expect(listed(before)).toEqual(entries);
    expect(image.topics.get(testTopicId(0))).toBe(before.topics.get(testTopicId(0)));
    expect(image.brokers).toBe(before.brokers);
    expect(partitionOf(image, testTopicId(1), 2 as never)?.leader).toBeUndefined();
    expect(delta.partitions).toEqual(new Map([[testTopicId(1), new Set([2])]]));
    expect(delta.topics.size).toBe(0);
  });

  it('finds a topic by its name unless it is being deleted', () => {
    const active = imageOf({ key: `topics/${testTopicId(0)}`, value: topicValue(0, 'active'), revision: 1 });
    expect(topicByName(active, 'default' as never, 't0' as never)?.topicId).toBe(testTopicId(0));
    const both = applyChanges(active, 2, [
      { key: `topics/${testTopicId(0)}`, value: topicValue(0, 'deleting'), revision: 2 },
      { key: `topics/${testTopicId(2)}`, value: topicValue(2, 'active', 't0'), revision: 2 },
    ]).image;
    expect(topicByName(both, 'default' as never, 't0' as never)?.topicId).toBe(testTopicId(2));
  });

  it('keeps the fields of a record that it does not know', () => {
    const unknown = Uint8Array.of(0xa2, 0x06, 0x03, 1, 2, 3); // field 100, three bytes
    const partition = decodePartition(Uint8Array.from([...partitionBytes(), ...unknown]), 1);
    const written = encodePartition({ ...partition, leader: undefined }, partition);
    expect(Buffer.from(written).includes(Buffer.from(unknown))).toBe(true);
    expect(PartitionRecord.decode(written).leader).toBeUndefined();
  });

  it('never takes an older revision', () => {
    const image = applyChanges(EMPTY_IMAGE, 5, []).image;
    expect(() => applyChanges(image, 4, [])).toThrow('never goes back');
  });

  it('loads 100,000 partitions in less than two seconds of work, and takes a change of one in no more than another', () => {
    const changes = topicChanges(1_000, 100);
    const start = process.threadCpuUsage();
    let image = imageOf(...changes);
    const loadMs = process.threadCpuUsage(start).user / 1_000;
    const key = `partitions/${testTopicId(500)}/50`;
    const from = process.threadCpuUsage();
    for (let i = 2; i < 1_002; i += 1) image = applyChanges(image, i, [{ key, value: partitionBytes(), revision: i }]).image;
    const perChangeMs = process.threadCpuUsage(from).user / 1_000 / 1_000;
    expect(loadMs).toBeLessThan(2_000);
    expect(perChangeMs).toBeLessThan(0.5);
  });
});

describe('keys', () => {
  it('of others, and malformed ones, mean nothing', () => {
    for (const key of [
      '',
      'brokers/',
      'brokers/-1',
      'brokers/99999999999',
      'topics/x',
      `partitions/${testTopicId(1)}`,
      'cluster/x',
      'configs/x',
      'a/b/c/d',
    ]) {
      expect(parseKey(key), key).toBeUndefined();
    }
  });
});
