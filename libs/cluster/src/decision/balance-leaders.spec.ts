import type { BrokerId } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { decodePartition, type PartitionState } from '../image/record-codec.ts';
import { type BrokerFields, testBroker, testBrokers, testPartition, topicImage } from '../testing/image-fixture.ts';
import { balanceLeaders, electPreferred } from './balance-leaders.ts';

const ONE = 1 as BrokerId;

/** A topic whose partitions prefer broker 0, and are led as given. */
function imageLed(partitions: readonly Partial<PartitionState>[], brokers: Readonly<Record<number, BrokerFields>> = {}) {
  return topicImage(partitions, { 0: {}, 1: {}, 2: {}, ...brokers });
}

const everybody = { movesMax: 10, caughtUp: () => true };

describe('leadership', () => {
  it('goes back to the preferred replica, a bounded number at a time', () => {
    const image = imageLed([{ leader: ONE }, {}, { leader: ONE }, { leader: ONE }]);
    const writes = balanceLeaders(image, { ...everybody, movesMax: 2 });
    expect(writes.map(({ key }) => key.slice(-1))).toEqual(['0', '2']);
    expect(decodePartition(writes[0]?.value ?? new Uint8Array(), 2)).toMatchObject({
      leader: 0,
      leaderBrokerEpoch: 100,
      leaderEpoch: 1,
      isr: [0, 1, 2],
    });
  });

  it('stays where the preferred replica is not in sync, away, about to stop, behind, or being moved', () => {
    expect(balanceLeaders(imageLed([{ leader: ONE, isr: testBrokers(1, 2) }]), everybody)).toEqual([]);
    expect(balanceLeaders(imageLed([{ leader: ONE }], { 0: { fenced: true } }), everybody)).toEqual([]);
    expect(balanceLeaders(imageLed([{ leader: ONE }], { 0: { shuttingDown: true } }), everybody)).toEqual([]);
    expect(balanceLeaders(imageLed([{ leader: ONE }]), { ...everybody, caughtUp: (id) => id !== 0 })).toEqual([]);
    expect(balanceLeaders(imageLed([{ leader: ONE, adding: testBrokers(2) }]), everybody)).toEqual([]);
    expect(balanceLeaders(imageLed([{ leader: undefined, isr: [], elr: testBrokers(0) }]), everybody)).toEqual([]);
  });
});

describe('an operator who asks for the preferred leader', () => {
  const brokers = new Map(testBrokers(0, 1, 2).map((id) => [id, testBroker(id)]));

  it('gets it, or is told why not', () => {
    expect(electPreferred(testPartition({ leader: ONE }), brokers)).toMatchObject({ leader: 0, leaderEpoch: 1, partitionEpoch: 1 });
    expect(() => electPreferred(testPartition(), brokers)).toThrow('leads already');
    expect(() => electPreferred(testPartition({ leader: ONE, isr: testBrokers(1) }), brokers)).toThrow('not in sync');
  });
});
