import { type BrokerId, brokerEpoch, leaderEpoch, type PartitionIndex, partitionEpoch } from '@moldau/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePartition, type PartitionState } from '../image/record-codec.ts';
import { type BrokerFields, testBrokers, testTopicId, topicImage } from '../testing/image-fixture.ts';
import { alterIsr } from './alter-isr.ts';

const TOPIC = testTopicId(0);

function imageWith(partition: Partial<PartitionState>, brokers: Readonly<Record<number, BrokerFields>> = {}) {
  return topicImage([partition], { 0: {}, 1: {}, 2: {}, 3: {}, ...brokers });
}

const life = (id: number, epoch = 100 + id) => ({ brokerId: id as BrokerId, brokerEpoch: brokerEpoch(epoch) });

function propose(
  isr: readonly number[],
  fields: { epoch?: number; partition?: number; lives?: Readonly<Record<number, number>>; allFlushed?: boolean } = {},
) {
  return {
    topicId: TOPIC,
    partition: 0 as PartitionIndex,
    leaderEpoch: leaderEpoch(fields.epoch ?? 0),
    partitionEpoch: partitionEpoch(fields.partition ?? 0),
    isr: isr.map((id) => life(id, fields.lives?.[id])),
    allFlushed: fields.allFlushed ?? false,
  };
}

function decided(image: ReturnType<typeof imageWith>, proposal: ReturnType<typeof propose>, leader = life(0)) {
  const { writes, partitionEpoch: epoch } = alterIsr(image, leader, proposal);
  expect(writes.length).toBeLessThanOrEqual(1);
  const [write] = writes;
  return { epoch, state: write?.value === undefined ? undefined : decodePartition(write.value, 2) };
}

describe('a proposal of the leader', () => {
  it('ends the way to flush=sync once all of the ISR has flushed, and only then', () => {
    const syncing = imageWith({ flush: 'syncing', isr: testBrokers(0), elr: testBrokers(1) });
    expect(decided(syncing, propose([0])).state).toMatchObject({ flush: 'syncing', elr: [1] });
    // Who is not in the ISR may not have flushed what was acknowledged before.
    expect(decided(syncing, propose([0], { allFlushed: true })).state).toMatchObject({
      flush: 'sync',
      isr: [0],
      elr: [],
      partitionEpoch: 1,
    });
    expect(decided(imageWith({ flush: 'async' }), propose([0, 1, 2], { allFlushed: true })).state).toMatchObject({ flush: 'async' });
  });

  it('shrinks the ISR, and keeps those who left eligible while too few are in sync', () => {
    expect(decided(imageWith({}), propose([0, 1])).state).toMatchObject({
      isr: [0, 1],
      elr: [],
      leader: 0,
      leaderEpoch: 0,
      partitionEpoch: 1,
    });
    expect(decided(imageWith({}), propose([0])).state).toMatchObject({ isr: [0], elr: [1, 2] });
    expect(decided(imageWith({ isr: testBrokers(0), elr: testBrokers(2) }), propose([0, 1])).state).toMatchObject({ isr: [0, 1], elr: [] });
  });

  it('changes nothing when a newer record says so already', () => {
    const image = imageWith({ isr: testBrokers(0, 1), partitionEpoch: partitionEpoch(7) });
    expect(decided(image, propose([1, 0], { partition: 6 }))).toEqual({ epoch: 7, state: undefined });
  });

  it('raises the partition epoch, and nothing else, when it is the ISR that stands', () => {
    const image = imageWith({ isr: testBrokers(0), elr: testBrokers(1), partitionEpoch: partitionEpoch(7) });
    expect(decided(image, propose([0], { partition: 7 }))).toMatchObject({
      epoch: 8,
      state: { isr: [0], elr: [1], leaderEpoch: 0, partitionEpoch: 8 },
    });
  });

  it('keeps a member that is about to stop, and lets none join', () => {
    const image = imageWith({ isr: testBrokers(0, 1) }, { 1: { shuttingDown: true }, 2: { shuttingDown: true } });
    expect(decided(imageWith({}, { 1: { shuttingDown: true } }), propose([0, 1])).state).toMatchObject({ isr: [0, 1] });
    expect(() => decided(image, propose([0, 1, 2]))).toThrow('it is about to stop');
  });
});

describe('a proposal is refused', () => {
  const refused = (image: ReturnType<typeof imageWith>, proposal: ReturnType<typeof propose>, leader = life(0)): string => {
    try {
      alterIsr(image, leader, proposal);
      return 'taken';
    } catch (error) {
      return (error as { reason: string }).reason;
    }
  };

  it('from who does not lead, or led in an older epoch or an earlier life', () => {
    const image = imageWith({ leaderEpoch: leaderEpoch(5) });
    expect(refused(image, propose([0], { epoch: 4 }))).toBe('FENCED_LEADER_EPOCH');
    expect(refused(image, propose([0], { epoch: 6 }))).toBe('UNKNOWN_LEADER_EPOCH');
    expect(refused(image, propose([1], { epoch: 5 }), life(1))).toBe('FENCED_LEADER_EPOCH');
    expect(refused(image, propose([0], { epoch: 5 }), life(0, 900))).toBe('FENCED_LEADER_EPOCH');
  });

  it('on an older or a newer record', () => {
    const image = imageWith({ partitionEpoch: partitionEpoch(3) });
    expect(refused(image, propose([0], { partition: 2 }))).toBe('CONCURRENT_CHANGE');
    expect(refused(image, propose([0], { partition: 4 }))).toBe('CONCURRENT_CHANGE');
  });

  it('with a member that is fenced, unknown, or lives another life', () => {
    const image = (fields: BrokerFields) => imageWith({ isr: testBrokers(0, 1) }, { 2: fields });
    expect(refused(image({ fenced: true }), propose([0, 1, 2]))).toBe('INELIGIBLE_REPLICA');
    expect(refused(image({ epoch: 900 }), propose([0, 1, 2]))).toBe('INELIGIBLE_REPLICA');
    expect(refused(image({}), propose([0, 1, 2], { lives: { 2: 99 } }))).toBe('INELIGIBLE_REPLICA');
    expect(refused(imageWith({ replicas: testBrokers(0, 1, 9), isr: testBrokers(0, 1) }), propose([0, 1, 9]))).toBe('INELIGIBLE_REPLICA');
  });

  it('with a stranger, twice the same, or without the leader', () => {
    expect(refused(imageWith({}), propose([0, 3]))).toBe('INVALID_REQUEST');
    expect(refused(imageWith({}), propose([0, 0]))).toBe('INVALID_REQUEST');
    expect(refused(imageWith({}), propose([1, 2]))).toBe('INVALID_REQUEST');
    expect(refused(imageWith({}), { ...propose([0]), topicId: testTopicId(9) })).toBe('UNKNOWN_TOPIC');
    expect(refused(imageWith({}), { ...propose([0]), partition: 1 as PartitionIndex })).toBe('UNKNOWN_PARTITION');
  });
});

describe('any proposal that is taken', () => {
  it('leaves an ISR of serving replicas with the leader, and forgets nobody who may have what was committed', () => {
    const ids = fc.subarray([0, 1, 2]);
    const world = fc.record({ isr: ids, elr: ids, proposed: ids, fenced: ids, minIsr: fc.integer({ min: 1, max: 3 }) });
    fc.assert(
      fc.property(world, ({ isr, elr, proposed, fenced, minIsr }) => {
        const before = { isr: testBrokers(...new Set([0, ...isr])), minIsr };
        const eligible = testBrokers(...elr.filter((id) => !before.isr.includes(id as BrokerId)));
        const states = Object.fromEntries(fenced.map((id) => [id, { fenced: true }]));
        const image = imageWith({ ...before, elr: before.isr.length < minIsr ? eligible : [] }, states);
        let state: PartitionState | undefined;
        try {
          state = decided(image, propose(proposed)).state;
        } catch {
          return;
        }
        if (state === undefined) return;
        expect(state.isr).toContain(0);
        expect(state.isr.some((id) => fenced.includes(id))).toBe(false);
        expect(state.partitionEpoch).toBe(1);
        if (state.isr.length >= minIsr) expect(state.elr).toEqual([]);
        else expect(before.isr.filter((id) => ![...(state?.isr ?? []), ...(state?.elr ?? [])].includes(id))).toEqual([]);
      }),
    );
  });
});

describe('a replica whose disk is slow', () => {
  it('does not join while enough others are in sync', () => {
    const image = imageWith({ isr: testBrokers(0, 1) }, { 2: { slowDisk: true } });
    expect(() => alterIsr(image, life(0), propose([0, 1, 2]))).toThrow(/its disk is slow/);
  });

  it('joins where the ISR needs it, and stays with those who join beside it', () => {
    const image = imageWith({ isr: testBrokers(0), elr: testBrokers(1) }, { 2: { slowDisk: true } });
    expect(decided(image, propose([0, 2]))).toMatchObject({ state: { isr: [0, 2] } });
    const later = imageWith({ isr: testBrokers(0, 2) }, { 2: { slowDisk: true } });
    expect(decided(later, propose([0, 1, 2]))).toMatchObject({ state: { isr: [0, 1, 2] } });
  });
});
