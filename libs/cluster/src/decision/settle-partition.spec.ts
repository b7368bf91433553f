import type { BrokerId } from '@moldau/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BrokerImage } from '../image/metadata-image.ts';
import { decodePartition, encodePartition, type PartitionState } from '../image/record-codec.ts';
import { testBroker, testBrokers, testPartition } from '../testing/image-fixture.ts';
import { electUncleanly, settlePartition } from './settle-partition.ts';

const SYNC_TWO = { minIsr: 2, flush: 'sync' } as const;

function brokers(...list: readonly BrokerImage[]): Map<BrokerId, BrokerImage> {
  return new Map(list.map((broker) => [broker.brokerId, broker]));
}

describe('a partition whose brokers all serve', () => {
  it('stays as it is', () => {
    expect(settlePartition(testPartition(), brokers(testBroker(0), testBroker(1), testBroker(2)), SYNC_TWO)).toBeUndefined();
  });

  it('takes changed settings, which clear the ELR', () => {
    const partition = testPartition({ isr: testBrokers(0), elr: testBrokers(1) });
    const settled = settlePartition(partition, brokers(testBroker(0), testBroker(1)), { minIsr: 1, flush: 'async' });
    expect(settled).toMatchObject({ minIsr: 1, flush: 'async', elr: [], leader: 0, leaderEpoch: 0, partitionEpoch: 1 });
  });
});

describe('a partition whose settings change', () => {
  const all = brokers(testBroker(0), testBroker(1), testBroker(2));

  it('goes to flush=sync by way of syncing, which its leader ends, and to flush=async at once', () => {
    const syncing = settlePartition(testPartition({ flush: 'async' }), all, SYNC_TWO);
    expect(syncing).toMatchObject({ flush: 'syncing', partitionEpoch: 1 });
    const stored = decodePartition(encodePartition(syncing as PartitionState, undefined), 2);
    expect(settlePartition(stored, all, SYNC_TWO)).toBeUndefined();
    expect(settlePartition(stored, all, { minIsr: 2, flush: 'async' })).toMatchObject({ flush: 'async' });
    expect(settlePartition(testPartition(), all, { minIsr: 2, flush: 'async' })).toMatchObject({ flush: 'async' });
  });

  it.each([
    [2, 3],
    [3, 2],
  ])('keeps its ELR where the ISR of one is too small by both minima, %i and %i', (before, after) => {
    const partition = testPartition({ minIsr: before, isr: testBrokers(0), elr: testBrokers(1) });
    const settled = settlePartition(partition, all, { minIsr: after, flush: 'sync' });
    expect(settled).toMatchObject({ minIsr: after, isr: [0], elr: [1] });
    // So the partition is led on when the last member goes.
    const stored = decodePartition(encodePartition(settled as PartitionState, undefined), 2);
    const gone = brokers(testBroker(0, { fenced: true }), testBroker(1), testBroker(2));
    expect(settlePartition(stored, gone, { minIsr: after, flush: 'sync' })).toMatchObject({ leader: 1, isr: [1], elr: [0] });
  });

  it('clears its ELR where the ISR is large enough by the new minimum: it may commit without the others', () => {
    const partition = testPartition({ isr: testBrokers(0), elr: testBrokers(1, 2) });
    expect(settlePartition(partition, all, { minIsr: 1, flush: 'sync' })).toMatchObject({ isr: [0], elr: [] });
  });
});

describe('a partition whose leader is fenced', () => {
  const fenced = testBroker(0, { fenced: true });

  it('is led by the next replica in sync', () => {
    const settled = settlePartition(testPartition(), brokers(fenced, testBroker(1), testBroker(2)), SYNC_TWO);
    expect(settled).toMatchObject({ leader: 1, leaderBrokerEpoch: 101, isr: [1, 2], elr: [], leaderEpoch: 1, partitionEpoch: 1 });
  });

  it('keeps those that leave the ISR in the ELR while it is below the minimum', () => {
    const settled = settlePartition(testPartition(), brokers(fenced, testBroker(1), testBroker(2, { fenced: true })), SYNC_TWO);
    expect(settled).toMatchObject({ leader: 1, isr: [1], elr: [0, 2] });
  });

  it('has none when nobody in sync serves, and elects from the ELR who comes back', () => {
    const alone = { replicas: testBrokers(0), minIsr: 1 };
    const settings = { minIsr: 1, flush: 'sync' } as const;
    const offline = settlePartition(testPartition(alone), brokers(fenced), settings);
    expect(offline).toMatchObject({ leader: undefined, isr: [], elr: [0], leaderEpoch: 1 });
    const stored = decodePartition(encodePartition(offline as PartitionState, undefined), 2);
    const back = settlePartition(stored, brokers(testBroker(0, { epoch: 500 })), settings);
    expect(back).toMatchObject({ leader: 0, leaderBrokerEpoch: 500, isr: [0], elr: [], leaderEpoch: 2, partitionEpoch: 2 });
  });

  it('never elects a replica outside ISR and ELR', () => {
    const settled = settlePartition(testPartition({ isr: testBrokers(0) }), brokers(fenced, testBroker(1), testBroker(2)), SYNC_TWO);
    expect(settled).toMatchObject({ leader: undefined, isr: [], elr: [0] });
  });
});

describe('a partition whose leader began another life', () => {
  it('is led in a new epoch', () => {
    const settled = settlePartition(testPartition(), brokers(testBroker(0, { epoch: 900 }), testBroker(1), testBroker(2)), SYNC_TWO);
    expect(settled).toMatchObject({ leader: 0, leaderBrokerEpoch: 900, leaderEpoch: 1 });
  });
});

describe('a partition whose leader wants to stop', () => {
  it('is led by another who stays, or by it when there is none', () => {
    const leaving = testBroker(0, { shuttingDown: true });
    expect(settlePartition(testPartition(), brokers(leaving, testBroker(1), testBroker(2)), SYNC_TWO)).toMatchObject({
      leader: 1,
      isr: [0, 1, 2],
    });
    const alone = testPartition({ isr: testBrokers(0), elr: testBrokers(1) });
    expect(settlePartition(alone, brokers(leaving, testBroker(1)), SYNC_TWO)).toBeUndefined();
  });
});

describe('a partition of which only last known members are left', () => {
  const lost = { leader: undefined, isr: [], elr: [] };
  const ends = [
    { lastEpoch: 4, endOffset: 90 },
    { lastEpoch: 5, endOffset: 70 },
    { lastEpoch: 5, endOffset: 80 },
  ];

  it('is led by the one with the longest log, by epoch and then by end', () => {
    const partition = testPartition({ ...lost, lastKnownElr: testBrokers(0, 1, 2), lastKnownEnds: ends });
    const settled = settlePartition(partition, brokers(testBroker(0), testBroker(1), testBroker(2)), SYNC_TWO);
    expect(settled).toMatchObject({
      leader: 2,
      isr: [2],
      elr: [],
      lastKnownElr: [],
      lastKnownEnds: [],
      leaderEpoch: 1,
      lossyEpoch: undefined,
    });
  });

  it('waits for the one with the longest log, and for those who have not said where theirs ends', () => {
    const partition = testPartition({ ...lost, lastKnownElr: testBrokers(0, 1, 2), lastKnownEnds: ends });
    const away = testBroker(2, { fenced: true });
    expect(settlePartition(partition, brokers(testBroker(0), testBroker(1), away), SYNC_TWO)).toBeUndefined();
    const untold = testPartition({ ...lost, lastKnownElr: testBrokers(0, 1), lastKnownEnds: [] });
    expect(settlePartition(untold, brokers(testBroker(0), testBroker(1)), SYNC_TWO)).toBeUndefined();
  });

  it('waits for a member of the ELR that is beyond doubt', () => {
    const partition = testPartition({ ...lost, elr: testBrokers(1), lastKnownElr: testBrokers(0), lastKnownEnds: ends.slice(0, 1) });
    const away = testBroker(1, { fenced: true });
    expect(settlePartition(partition, brokers(testBroker(0), away, testBroker(2)), SYNC_TWO)).toBeUndefined();
    expect(settlePartition(partition, brokers(testBroker(0), testBroker(1)), SYNC_TWO)).toMatchObject({ leader: 1, lastKnownElr: [] });
  });

  it('begins a lossy epoch where records were acknowledged before they were flushed', () => {
    const partition = testPartition({ ...lost, flush: 'async', lastKnownElr: testBrokers(0), lastKnownEnds: ends.slice(0, 1) });
    const settled = settlePartition(partition, brokers(testBroker(0)), { minIsr: 2, flush: 'async' });
    expect(settled).toMatchObject({ leader: 0, leaderEpoch: 1, lossyEpoch: 1 });
  });
});

describe('an unclean election', () => {
  it('takes any replica that serves, the longest known first, and marks the epoch', () => {
    const partition = testPartition({ leader: undefined, isr: [], elr: testBrokers(0) });
    const fenced = testBroker(0, { fenced: true });
    expect(electUncleanly(partition, brokers(fenced, testBroker(1), testBroker(2)))).toMatchObject({
      leader: 1,
      isr: [1],
      elr: [],
      leaderEpoch: 1,
      lossyEpoch: 1,
      partitionEpoch: 1,
    });
    const known = testPartition({
      leader: undefined,
      isr: [],
      elr: testBrokers(0),
      lastKnownElr: testBrokers(2),
      lastKnownEnds: [{ lastEpoch: 1, endOffset: 5 }],
    });
    expect(electUncleanly(known, brokers(fenced, testBroker(1), testBroker(2)))).toMatchObject({ leader: 2, lossyEpoch: 1 });
    expect(electUncleanly(partition, brokers(fenced))).toBeUndefined();
  });

  it('loses nothing where the rules allow an election', () => {
    const partition = testPartition({ leader: undefined, isr: [], elr: testBrokers(2) });
    const elected = electUncleanly(partition, brokers(testBroker(1), testBroker(2)));
    expect(elected).toMatchObject({ leader: 2, lossyEpoch: undefined });
  });
});

const subset = fc.subarray([0, 1, 2, 3]);
const anyPartition = fc
  .record({
    isr: subset,
    elr: subset,
    leader: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
    minIsr: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ isr, elr, leader, minIsr }) =>
    testPartition({
      replicas: testBrokers(0, 1, 2, 3),
      isr: testBrokers(...isr),
      elr: testBrokers(...elr.filter((id) => !isr.includes(id))),
      leader: leader as BrokerId | undefined,
      minIsr,
    }),
  );
const anyBrokers = fc
  .array(fc.record({ fenced: fc.boolean(), shuttingDown: fc.boolean(), reborn: fc.boolean(), gone: fc.boolean() }), {
    minLength: 4,
    maxLength: 4,
  })
  .map((states) =>
    brokers(
      ...states.flatMap(({ fenced, shuttingDown, reborn, gone }, id) =>
        gone ? [] : [testBroker(id, { fenced, shuttingDown, epoch: reborn ? 900 + id : 100 + id })],
      ),
    ),
  );

describe('any partition, once settled', () => {
  it('is led by a serving member of its ISR in its present life, or by nobody', () => {
    fc.assert(
      fc.property(anyPartition, anyBrokers, (partition, alive) => {
        const settings = { minIsr: partition.minIsr, flush: 'sync' } as const;
        const settled = settlePartition(partition, alive, settings) ?? partition;
        const leader = settled.leader === undefined ? undefined : alive.get(settled.leader);
        if (settled.leader !== undefined) {
          expect(leader?.fenced).toBe(false);
          expect(leader?.brokerEpoch).toBe(settled.leaderBrokerEpoch);
          expect(settled.isr).toContain(settled.leader);
        }
        const moved = settled.leader !== partition.leader || settled.leaderBrokerEpoch !== partition.leaderBrokerEpoch;
        if (moved) expect(settled.leaderEpoch).toBe(partition.leaderEpoch + 1);
        expect(settled.isr.every((id) => alive.get(id)?.fenced === false)).toBe(true);
        expect(settled.elr.filter((id) => settled.isr.includes(id))).toEqual([]);
        const entitled = [...partition.isr, ...partition.elr];
        expect([...settled.isr, ...settled.elr].every((id) => entitled.includes(id))).toBe(true);
        if (settled.isr.length < settled.minIsr) {
          expect(partition.isr.filter((id) => !settled.isr.includes(id) && !settled.elr.includes(id))).toEqual([]);
        }
        const stored = decodePartition(encodePartition(settled, undefined), 2);
        expect(settlePartition(stored, alive, settings)).toBeUndefined();
      }),
      { numRuns: 2_000 },
    );
  });
});
