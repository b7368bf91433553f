import { type BrokerEpoch, type BrokerId, brokerEpoch, brokerId, partitionEpoch } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import {
  at,
  EVERYONE,
  leader,
  lives,
  MAX_LAG_MS,
  ONE,
  own,
  proposed,
  REPLICAS,
  THREE,
  TWO,
  terms,
} from '../testing/replica-set-fixture.ts';
import { PROPOSAL_PAUSE_MS, RECORD_WAIT_MS } from './isr-proposals.ts';

describe('a follower outside the ISR', () => {
  it.each([
    ['joins at the end of the leader', at(10), true],
    ['joins at the watermark, once it has what was there when the epoch began', at(8), true],
    ['stays out below the start of the epoch, though it is at the watermark', at(7), false],
    ['stays out with an end that is received and not flushed', at(10, 7), false],
  ] as const)('%s', (_, ends, joins) => {
    const set = leader([ONE, TWO]);
    set.followed(THREE, lives(THREE), ends, 10);
    expect(proposed(set, 10)).toEqual(joins ? REPLICAS : undefined);
  });

  it('stays out below the watermark', () => {
    const set = leader([ONE, TWO]);
    set.followed(TWO, lives(TWO), at(10), 10);
    expect(set.highWatermark).toBe(10);
    set.followed(THREE, lives(THREE), at(9), 10);
    expect(proposed(set, 10)).toBeUndefined();
  });

  it('joins by its written end with flush=async', () => {
    const set = leader([ONE, TWO], { flush: 'async' });
    set.followed(THREE, lives(THREE), at(10, 0), 10);
    expect(proposed(set, 10)).toEqual(REPLICAS);
  });

  it('stays out before it was heard in this epoch, in another life than it was heard in, fenced, and about to stop', () => {
    expect(proposed(leader([ONE, TWO]), 10)).toBeUndefined();
    const set = leader([ONE, TWO]);
    set.followed(THREE, lives(THREE), at(10), 10);
    expect(proposed(set, 10, { ...EVERYONE, lives: (id) => (id === THREE ? brokerEpoch(999) : lives(id)) })).toBeUndefined();
    expect(proposed(set, 10, { ...EVERYONE, lives: (id) => (id === THREE ? undefined : lives(id)) })).toBeUndefined();
    expect(proposed(set, 10, { ...EVERYONE, stopping: (id) => id === THREE })).toBeUndefined();
    expect(proposed(set, 10)).toEqual(REPLICAS);
  });

  it('is not heard in an earlier life once a later one spoke, nor when it holds no replica', () => {
    const set = leader([ONE, TWO]);
    set.followed(THREE, brokerEpoch(200), at(3), 10);
    set.followed(THREE, brokerEpoch(199), at(10), 10);
    expect(set.progress()[2]).toMatchObject({ brokerEpoch: 200, ends: { flushedEnd: 3 } });
    expect(set.followed(brokerId(9), brokerEpoch(1), at(10), 10)).toBe(false);
  });

  it('that lags by more than half of what it may waits, so that it would not leave at once', () => {
    const set = leader([ONE]);
    set.followed(THREE, lives(THREE), at(9), 10);
    expect(proposed(set, MAX_LAG_MS / 2 + 1)).toBeUndefined();
    set.followed(THREE, lives(THREE), at(10), MAX_LAG_MS);
    expect(proposed(set, MAX_LAG_MS)).toEqual([ONE, THREE]);
  });
});

describe('a follower in the ISR', () => {
  it('leaves when it has not been caught up for too long, counted from the begin of the epoch until it is heard', () => {
    const set = leader([ONE, TWO, THREE]);
    set.followed(TWO, lives(TWO), at(10), 5);
    expect(proposed(set, MAX_LAG_MS)).toBeUndefined();
    expect(proposed(set, MAX_LAG_MS + 1)).toEqual([ONE, TWO]);
  });

  it('that has everything never leaves, and lags only from when more is appended', () => {
    const set = leader([ONE, TWO]);
    set.followed(TWO, lives(TWO), at(10), 5);
    expect(proposed(set, 100_000)).toBeUndefined();
    set.own(own(11), 100_000);
    expect(proposed(set, 100_000 + MAX_LAG_MS)).toBeUndefined();
    expect(proposed(set, 100_000 + MAX_LAG_MS + 1)).toEqual([ONE]);
  });

  it('stays while it keeps reaching what the leader had a while ago, however often it acknowledges', () => {
    const set = leader([ONE, TWO]);
    for (let nowMs = 10; nowMs < 10_000; nowMs += 10) {
      set.own(own(10 + nowMs), nowMs);
      // Always 200 ms behind.
      set.followed(TWO, lives(TWO), at(Math.max(10, nowMs - 190)), nowMs);
      expect(proposed(set, nowMs)).toBeUndefined();
    }
  });

  it('that flushes nothing any more leaves, though it receives everything', () => {
    const set = leader([ONE, TWO]);
    set.followed(TWO, lives(TWO), at(10), 5);
    for (let nowMs = 10; nowMs <= MAX_LAG_MS; nowMs += 10) {
      set.own(own(10 + nowMs), nowMs);
      set.followed(TWO, lives(TWO), at(10 + nowMs, 10), nowMs);
    }
    expect(proposed(set, MAX_LAG_MS + 50)).toEqual([ONE]);
  });

  it('stays while it is about to stop; a fenced one is left out of a proposal that has another reason', () => {
    const set = leader([ONE, TWO]);
    set.followed(TWO, lives(TWO), at(10), 5);
    set.followed(THREE, lives(THREE), at(10), 5);
    const without = (id: BrokerId): BrokerEpoch | undefined => (id === TWO ? undefined : lives(id));
    expect(proposed(set, 10, { ...EVERYONE, stopping: (id) => id === TWO })).toEqual(REPLICAS);
    const other = leader([ONE, TWO]);
    other.followed(THREE, lives(THREE), at(10), 5);
    expect(proposed(other, 10, { ...EVERYONE, lives: without })).toEqual([ONE, THREE]);
  });
});

describe('a proposal', () => {
  it('names leader epoch, partition epoch and lives, and nothing else is proposed meanwhile', () => {
    const set = leader([ONE, TWO]);
    set.followed(THREE, lives(THREE), at(10), 10);
    expect(set.propose(10, EVERYONE)).toEqual({
      leaderEpoch: 4,
      partitionEpoch: 7,
      allFlushed: false,
      isr: REPLICAS.map((id) => ({ brokerId: id, brokerEpoch: lives(id) })),
    });
    expect(set.propose(60_000, EVERYONE)).toBeUndefined();
  });

  it('is not made by a leader that the metadata shows as fenced', () => {
    const set = leader([ONE, TWO]);
    set.followed(THREE, lives(THREE), at(10), 10);
    expect(set.propose(10, { ...EVERYONE, lives: (id) => (id === ONE ? undefined : lives(id)) })).toBeUndefined();
  });

  it('to shrink leaves the watermark where it is until the record comes', () => {
    const set = leader([ONE, TWO, THREE]);
    set.followed(TWO, lives(TWO), at(10), 5);
    const proposal = set.propose(2000, EVERYONE);
    expect(proposal?.isr).toHaveLength(2);
    expect(proposal && set.settled(proposal, 'taken', 2000)).toBe(false);
    expect(set.highWatermark).toBe(5);
    expect(set.changeTerms(terms([ONE, TWO]), partitionEpoch(8), REPLICAS, 2001)).toBe(true);
    expect(set.highWatermark).toBe(10);
  });

  it.each([
    ['taken', 10],
    ['unknown', 10],
    ['refused', 12],
  ] as const)('to grow that was %s: the watermark over the larger ISR until a newer record, or over the old one', (outcome, watermark) => {
    const set = leader([ONE, TWO]);
    set.followed(THREE, lives(THREE), at(10), 10);
    const proposal = set.propose(10, EVERYONE);
    set.own(own(12), 11);
    set.followed(TWO, lives(TWO), at(12), 11);
    expect(set.highWatermark).toBe(10);
    expect(proposal && set.settled(proposal, outcome, 12)).toBe(watermark === 12);
    expect(set.highWatermark).toBe(watermark);
  });

  it('of unknown outcome counts on though a later one is refused, until a newer record', () => {
    const set = leader([ONE, TWO]);
    set.followed(THREE, lives(THREE), at(10), 10);
    const first = set.propose(10, EVERYONE);
    if (first !== undefined) set.settled(first, 'unknown', 10);
    expect(set.propose(10 + PROPOSAL_PAUSE_MS - 1, EVERYONE)).toBeUndefined();
    const second = set.propose(10 + PROPOSAL_PAUSE_MS, EVERYONE);
    expect(second).toBeDefined();
    if (second !== undefined) set.settled(second, 'refused', 300);
    expect(set.terms.proposedIsr).toEqual(REPLICAS);
    set.changeTerms(terms([ONE, TWO]), partitionEpoch(8), REPLICAS, 301);
    expect(set.terms.proposedIsr).toEqual([ONE, TWO]);
  });

  it('of unknown outcome is followed by another even when nothing should change, to be rid of the doubt', () => {
    const set = leader([ONE, TWO]);
    set.followed(THREE, lives(THREE), at(10), 10);
    const first = set.propose(10, EVERYONE);
    if (first !== undefined) set.settled(first, 'unknown', 10);
    const fenced = { ...EVERYONE, lives: (id: BrokerId) => (id === THREE ? undefined : lives(id)) };
    expect(proposed(set, 500, fenced)).toEqual([ONE, TWO]);
  });

  it('that was taken is followed by another when its record does not come', () => {
    const set = leader([ONE, TWO]);
    set.followed(THREE, lives(THREE), at(10), 10);
    const first = set.propose(10, EVERYONE);
    if (first !== undefined) set.settled(first, 'taken', 10);
    expect(set.propose(10 + RECORD_WAIT_MS - 1, EVERYONE)).toBeUndefined();
    expect(set.propose(10 + RECORD_WAIT_MS, EVERYONE)).toBeDefined();
  });

  it('that a newer record has overtaken is not settled any more', () => {
    const set = leader([ONE, TWO]);
    set.followed(THREE, lives(THREE), at(10), 10);
    const first = set.propose(10, EVERYONE);
    set.changeTerms(terms([ONE, TWO]), partitionEpoch(8), REPLICAS, 20);
    const second = set.propose(30, EVERYONE);
    expect(second?.partitionEpoch).toBe(8);
    expect(first && set.settled(first, 'refused', 40)).toBe(false);
    expect(set.terms.proposedIsr).toEqual(REPLICAS);
  });
});

describe('the record of a partition', () => {
  it('is taken once for each partition epoch', () => {
    const set = leader([ONE, TWO]);
    expect(set.changeTerms(terms([ONE], { minIsr: 1 }), partitionEpoch(7), REPLICAS, 1)).toBe(false);
    expect(set.terms.isr).toEqual([ONE, TWO]);
    expect(set.changeTerms(terms([ONE], { minIsr: 1 }), partitionEpoch(8), REPLICAS, 1)).toBe(true);
    expect(set.highWatermark).toBe(10);
  });

  it('with too small an ISR stops the watermark', () => {
    const set = leader([ONE]);
    expect(set.hasQuorum).toBe(false);
    expect(set.highWatermark).toBe(5);
  });

  it('brings replicas and takes them away', () => {
    const set = leader([ONE, TWO]);
    set.changeTerms(terms([ONE, TWO]), partitionEpoch(8), [ONE, TWO, brokerId(4)], 50);
    expect(set.progress().map(({ brokerId: id, inIsr }) => [id, inIsr])).toEqual([
      [ONE, true],
      [TWO, true],
      [4, false],
    ]);
  });
});

describe('replicas', () => {
  it('are even while all are in sync and have all there is, until the log grows or one lacks something', () => {
    const set = leader(REPLICAS);
    expect(set.isEven).toBe(false);
    set.followed(TWO, lives(TWO), at(10), 1);
    set.followed(THREE, lives(THREE), at(10, 9), 1);
    expect(set.isEven).toBe(false);
    set.followed(THREE, lives(THREE), at(10), 2);
    expect(set.isEven).toBe(true);
    expect(proposed(set, 3 + 10 * MAX_LAG_MS)).toBeUndefined();
    set.own(own(11), 3);
    expect(set.isEven).toBe(false);
    for (const id of [TWO, THREE]) set.followed(id, lives(id), at(11), 4);
    expect(set.isEven).toBe(true);
    set.followed(TWO, lives(TWO), at(8), 5);
    expect(set.isEven).toBe(false);
  });

  it('are not even while one is outside the ISR or a proposal is in doubt', () => {
    const set = leader([ONE, TWO]);
    for (const id of [TWO, THREE]) set.followed(id, lives(id), at(10), 1);
    expect(set.isEven).toBe(false);
    const proposal = set.propose(2, EVERYONE);
    expect(proposal?.isr).toHaveLength(3);
    set.changeTerms(terms(REPLICAS), partitionEpoch(8), REPLICAS, 3);
    expect(set.isEven).toBe(true);
  });
});

describe('a leader whose log ends earlier again, as its disk was full', () => {
  it('keeps followers that have all that is left, and takes others back', () => {
    const set = leader([ONE, TWO]);
    for (const id of [TWO, THREE]) set.followed(id, lives(id), at(10), 10);
    set.own(own(15, 10), 20);
    set.own(own(10), 30);
    expect(proposed(set, 20 + 3 * MAX_LAG_MS)).toEqual(REPLICAS);
  });
});
