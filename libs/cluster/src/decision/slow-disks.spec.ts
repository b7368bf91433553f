import type { BrokerId } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import type { BrokerImage, MetadataImage } from '../image/metadata-image.ts';
import { type BrokerFields, brokerBytes, imageOf, testBroker, testBrokers, testPartition } from '../testing/image-fixture.ts';
import { settlePartition } from './settle-partition.ts';
import { hasDispensable, maySlowDown } from './slow-disks.ts';

const SYNC_TWO = { minIsr: 2, flush: 'sync' } as const;

function brokers(...list: readonly BrokerImage[]): Map<BrokerId, BrokerImage> {
  return new Map(list.map((broker) => [broker.brokerId, broker]));
}

function cluster(...fields: readonly BrokerFields[]): MetadataImage {
  return imageOf(...fields.map((each, id) => ({ key: `brokers/${id}`, value: brokerBytes(id, each), revision: 1 })));
}

describe('a broker whose disk is slow', () => {
  const slowLeader = brokers(testBroker(0, { slowDisk: true }), testBroker(1), testBroker(2));

  it('hands over what it leads and leaves the ISR where enough are in sync without it', () => {
    const settled = settlePartition(testPartition(), slowLeader, SYNC_TWO);
    expect(settled).toMatchObject({ leader: 1, isr: [1, 2], elr: [], leaderEpoch: 1, partitionEpoch: 1 });
  });

  it('leaves the ISR of what it follows, and the leader stays', () => {
    const settled = settlePartition(testPartition(), brokers(testBroker(0), testBroker(1, { slowDisk: true }), testBroker(2)), SYNC_TWO);
    expect(settled).toMatchObject({ leader: 0, isr: [0, 2], leaderEpoch: 0, partitionEpoch: 1 });
  });

  it.each([
    ['where too few would be left', testPartition({ isr: testBrokers(0, 1) })],
    ['where it is alone', testPartition({ isr: testBrokers(0), elr: testBrokers(1) })],
  ])('stays %s', (_, partition) => {
    expect(settlePartition(partition, slowLeader, SYNC_TWO)).toBeUndefined();
    expect(hasDispensable(partition, slowLeader)).toBe(false);
  });

  it('stays with flush=async, where nobody waits for its flushes', () => {
    const partition = testPartition({ flush: 'async' });
    expect(settlePartition(partition, slowLeader, { minIsr: 2, flush: 'async' })).toBeUndefined();
  });

  it('leads when its partition has no other', () => {
    const partition = testPartition({ leader: 1 as BrokerId, isr: testBrokers(1, 0) });
    const settled = settlePartition(partition, brokers(testBroker(0, { slowDisk: true }), testBroker(1, { fenced: true })), SYNC_TWO);
    expect(settled).toMatchObject({ leader: 0, isr: [0] });
  });

  it('is elected behind those whose disks are not slow', () => {
    const partition = testPartition({ leader: undefined, minIsr: 3 });
    const settled = settlePartition(partition, slowLeader, { minIsr: 3, flush: 'sync' });
    expect(settled).toMatchObject({ leader: 1, isr: [0, 1, 2] });
  });
});

describe('brokers that say their disks are slow', () => {
  it.each([
    [true, [{}, {}, {}]],
    [true, [{}, {}]],
    [false, [{}]],
    [false, [{ fenced: true }, {}, {}]],
    [false, [{}, { slowDisk: true }, {}]],
    [true, [{}, { slowDisk: true, fenced: true }, {}]],
    [true, [{}, { slowDisk: true }, {}, {}, {}, {}]],
    [false, [{}, { slowDisk: true }, { slowDisk: true }, {}, {}, {}]],
  ] as const)('are believed as long as they are a third at most, or one: %s', (believed, fields) => {
    expect(maySlowDown(cluster(...fields), 0 as BrokerId)).toBe(believed);
  });
});
