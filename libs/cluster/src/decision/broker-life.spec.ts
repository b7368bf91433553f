import type { BrokerId, DirectoryId, PartitionIndex } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { decodeBroker } from '../image/record-codec.ts';
import { type BrokerFields, testBroker, testTopicId, topicImage } from '../testing/image-fixture.ts';
import { registerBroker } from './broker-life.ts';
import type { ReplicaReport } from './replica-rights.ts';

const TOPIC = testTopicId(0);
const IN_DOUBT: ReplicaReport = new Map([
  [TOPIC, new Map([[0 as PartitionIndex, { lastEpoch: 0, endOffset: 3, cut: true, damaged: false }]])],
]);

const imageWith = (broker: BrokerFields) => topicImage([{}], { 0: broker, 1: {}, 2: {} });

function registration(report: ReplicaReport, directoryId: DirectoryId = testBroker(0).directoryId) {
  const incarnationId = '00000000-0000-4000-8000-000000000077';
  return {
    brokerId: 0 as BrokerId,
    directoryId,
    incarnationId,
    endpoints: new Map(),
    rack: undefined,
    softwareVersion: '',
    features: new Map(),
    report,
  };
}

const keysOf = (broker: BrokerFields, report: ReplicaReport, directoryId?: DirectoryId) => {
  const { writes, last } = registerBroker(imageWith(broker), registration(report, directoryId), { hasSession: false, limit: 10 });
  return { keys: writes.map(({ key }) => key.split('/')[0]), last, writes };
};

describe('a registration', () => {
  it('is one write of a fenced record when nothing is in doubt', () => {
    const { keys, last, writes } = keysOf({ cordoned: true, draining: true }, new Map());
    expect([keys, last]).toEqual([['brokers'], true]);
    const expected = { fenced: true, brokerEpoch: 9, cordoned: true, draining: true, shuttingDown: false };
    expect(decodeBroker(writes[0]?.value ?? new Uint8Array(), 9)).toMatchObject(expected);
  });

  it('fences the old life before it takes rights away, so that no leader gives them back', () => {
    const first = keysOf({}, IN_DOUBT);
    expect([first.keys, first.last]).toEqual([['brokers'], false]);
    expect(decodeBroker(first.writes[0]?.value ?? new Uint8Array(), 9)).toMatchObject({ fenced: true, brokerEpoch: 100 });
    expect(keysOf({ fenced: true }, IN_DOUBT)).toMatchObject({ keys: ['partitions'], last: false });
  });

  it('does the same with another directory, and is refused while that broker lives', () => {
    const other = '00000000-0000-4000-8000-000000000099' as DirectoryId;
    expect(keysOf({}, new Map(), other)).toMatchObject({ keys: ['brokers'], last: false });
    expect(keysOf({ fenced: true }, new Map(), other)).toMatchObject({ keys: ['partitions'], last: false });
    expect(() => registerBroker(imageWith({}), registration(new Map(), other), { hasSession: true, limit: 10 })).toThrow('is alive');
  });
});
