import type { BrokerId } from '@moldau/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BrokerImage, PartitionImage } from '../image/metadata-image.ts';
import { decodePartition, encodePartition, type PartitionState } from '../image/record-codec.ts';
import { type BrokerFields, testBroker, testBrokers, testPartition } from '../testing/image-fixture.ts';
import { beginReassignment, cancelReassignment, isReassigning } from './reassign-partition.ts';
import { settlePartition } from './settle-partition.ts';

const SETTINGS = { minIsr: 2, flush: 'sync' } as const;

function world(fields: Readonly<Record<number, BrokerFields>> = {}): Map<BrokerId, BrokerImage> {
  return new Map([0, 1, 2, 3, 4, 5].map((id) => [id as BrokerId, testBroker(id, fields[id])]));
}

function stored(state: PartitionState | undefined): PartitionImage {
  if (state === undefined) throw new Error('nothing changed');
  return decodePartition(encodePartition(state, undefined), 2);
}

describe('a reassignment', () => {
  it('adds, waits until they are in sync, moves the leader, and removes', () => {
    const begun = stored(beginReassignment(testPartition(), testBrokers(3, 4, 2), world()));
    expect(begun).toMatchObject({ replicas: [3, 4, 2, 0, 1], adding: [3, 4], removing: [0, 1], leader: 0, partitionEpoch: 1 });
    expect(settlePartition(begun, world(), SETTINGS)).toBeUndefined();
    const half = stored({ ...begun, isr: testBrokers(3, 2, 0, 1) });
    expect(settlePartition(half, world(), SETTINGS)).toBeUndefined();
    const led = stored(settlePartition(stored({ ...begun, isr: testBrokers(3, 4, 2, 0, 1) }), world(), SETTINGS));
    expect(led).toMatchObject({ leader: 3, leaderEpoch: 1, leaderBrokerEpoch: 103, replicas: [3, 4, 2, 0, 1] });
    const over = stored(settlePartition(led, world(), SETTINGS));
    expect(over).toMatchObject({ replicas: [3, 4, 2], isr: [3, 4, 2], adding: [], removing: [], leader: 3, leaderEpoch: 1 });
    expect(settlePartition(over, world(), SETTINGS)).toBeUndefined();
  });

  it('can go elsewhere while it is under way, and changes nothing that is so already', () => {
    const begun = stored(beginReassignment(testPartition(), testBrokers(0, 1, 3), world()));
    expect(beginReassignment(begun, testBrokers(0, 1, 3), world())).toBeUndefined();
    expect(beginReassignment(begun, testBrokers(0, 1, 4), world())).toMatchObject({ replicas: [0, 1, 4, 2], adding: [4], removing: [2] });
    expect(beginReassignment(testPartition(), testBrokers(2, 0, 1), world())).toMatchObject({
      replicas: [2, 0, 1],
      adding: [],
      removing: [],
    });
  });

  it('is cancelled back to the old replicas, with a leader among them', () => {
    const begun = stored(beginReassignment(testPartition(), testBrokers(3, 1, 2), world()));
    const led = stored({ ...begun, isr: testBrokers(3, 1, 2), leader: 3 as BrokerId });
    expect(cancelReassignment(led, world())).toMatchObject({
      replicas: [1, 2, 0],
      isr: [1, 2],
      adding: [],
      removing: [],
      leader: 1,
      leaderEpoch: 1,
    });
    expect(() => cancelReassignment(testPartition(), world())).toThrow('not being moved');
  });

  it('is not cancelled where that would leave fewer in sync than the promise needs', () => {
    const begun = stored(beginReassignment(testPartition({ isr: testBrokers(0) }), testBrokers(0, 3, 4), world()));
    const needed = stored({ ...begun, isr: testBrokers(0, 3) });
    expect(() => cancelReassignment(needed, world())).toThrow('could lose records');
  });

  it('is refused to unknown, doubled, cordoned, fenced or too few brokers', () => {
    const refused = (target: readonly number[], fields: Readonly<Record<number, BrokerFields>> = {}) => {
      try {
        beginReassignment(testPartition(), testBrokers(...target), world(fields));
        return 'taken';
      } catch (error) {
        return (error as { reason: string }).reason;
      }
    };
    expect(refused([0, 1, 9])).toBe('UNKNOWN_BROKER');
    expect(refused([0, 1, 1])).toBe('INVALID_REPLICA_ASSIGNMENT');
    expect(refused([0])).toBe('INVALID_REPLICA_ASSIGNMENT');
    expect(refused([])).toBe('INVALID_REPLICA_ASSIGNMENT');
    expect(refused([0, 1, 3], { 3: { cordoned: true } })).toBe('INVALID_REPLICA_ASSIGNMENT');
    expect(refused([0, 1, 3], { 3: { fenced: true } })).toBe('INVALID_REPLICA_ASSIGNMENT');
    expect(refused([2, 1, 0], { 2: { cordoned: true } })).toBe('taken');
  });
});

describe('any sequence of reassignments, ISR changes and failures', () => {
  it('keeps min.insync.replicas of those in sync, and a leader among them', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('begin' as const), target: fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 1, maxLength: 4 }) }),
      fc.record({ kind: fc.constant('cancel' as const) }),
      fc.record({ kind: fc.constant('join' as const), id: fc.integer({ min: 0, max: 5 }) }),
      fc.record({ kind: fc.constant('settle' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let partition = testPartition();
        for (const next of steps) {
          const before = partition;
          partition = stored(applied(partition, next) ?? partition);
          expect(partition.isr.every((id) => partition.replicas.includes(id))).toBe(true);
          expect(partition.isr.length).toBeGreaterThanOrEqual(2);
          expect(partition.isr).toContain(partition.leader);
          expect(partition.leaderEpoch - before.leaderEpoch).toBe(partition.leader === before.leader ? 0 : 1);
          expect(new Set(partition.replicas).size).toBe(partition.replicas.length);
          // Who is in sync afterwards was so before, or joined: nobody without the records counts.
          const joined = next.kind === 'join' ? [next.id] : [];
          expect(partition.isr.every((id) => before.isr.includes(id) || joined.includes(id))).toBe(true);
        }
        for (let round = 0; round < 4; round += 1) {
          partition = stored({ ...partition, isr: partition.replicas });
          partition = stored(settlePartition(partition, world(), SETTINGS) ?? partition);
        }
        expect(isReassigning(partition)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});

type Step =
  | { readonly kind: 'begin'; readonly target: readonly number[] }
  | { readonly kind: 'cancel' | 'settle' }
  | { readonly kind: 'join'; readonly id: number };

/** The next state; undefined where nothing changes or the step is refused. */
function applied(partition: PartitionImage, step: Step): PartitionState | undefined {
  try {
    switch (step.kind) {
      case 'begin':
        return beginReassignment(partition, testBrokers(...step.target), world());
      case 'cancel':
        return cancelReassignment(partition, world());
      case 'settle':
        return settlePartition(partition, world(), SETTINGS);
      case 'join': {
        const id = step.id as BrokerId;
        const joins = partition.replicas.includes(id) && !partition.isr.includes(id);
        return joins ? { ...partition, isr: [...partition.isr, id] } : undefined;
      }
    }
  } catch {
    return undefined;
  }
}
