import type { BrokerId } from '@moldau/kernel';
import { SeededRandom } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import { decodePartition } from '../image/record-codec.ts';
import { type BrokerFields, testBrokers, topicImage } from '../testing/image-fixture.ts';
import { assertDrainable, drainProgress, drainWrites, movesFrom } from './drain-broker.ts';

const ZERO = 0 as BrokerId;

function imageWith(placements: readonly (readonly number[])[], brokers: Readonly<Record<number, BrokerFields>>) {
  const partitions = placements.map((replicas) => ({ replicas: testBrokers(...replicas) }));
  return topicImage(partitions, brokers);
}

const drained = { draining: true, cordoned: true };
const random = () => new SeededRandom(1);

describe('a broker that is drained', () => {
  it('loses its replicas to others outside their racks, so many at a time', () => {
    const racks = { 0: { ...drained, rack: 'a' }, 1: { rack: 'b' }, 2: { rack: 'c' }, 3: { rack: 'a' }, 4: { rack: 'b' } };
    const image = imageWith(
      [
        [0, 1, 2],
        [1, 0, 2],
        [1, 2, 3],
        [2, 4, 0],
      ],
      racks,
    );
    const writes = drainWrites(image, random(), { movingMax: 2 });
    const states = writes.map(({ value }) => decodePartition(value ?? new Uint8Array(), 2));
    expect(states.map(({ replicas, adding, removing }) => [replicas, adding, removing])).toEqual([
      [[3, 1, 2, 0], [3], [0]],
      [[1, 3, 2, 0], [3], [0]],
    ]);
    expect(drainWrites(imageWith([[0, 1, 2]], { 0: {}, 1: {}, 2: {}, 3: {} }), random(), { movingMax: 2 })).toEqual([]);
  });

  it('tells how far it is, and what can go nowhere', () => {
    const image = imageWith(
      [
        [0, 1, 2],
        [1, 2, 0],
        [1, 2, 3],
      ],
      { 0: drained, 1: {}, 2: {}, 3: { cordoned: true } },
    );
    expect(drainProgress(image, ZERO)).toEqual({ replicas: 2, leaders: 1, moving: 0, stuck: 2 });
    expect(drainWrites(image, random(), { movingMax: 9 })).toEqual([]);
    expect(movesFrom(image, ZERO)).toEqual([]);
    expect(() => assertDrainable(image, ZERO)).toThrow('2 of the 2 replicas of broker 0 could go nowhere');
    expect(() => assertDrainable(imageWith([[0, 1, 2]], { 0: {}, 1: {}, 2: {}, 3: {} }), ZERO)).not.toThrow();
  });
});
