import type { Random } from '@moldau/kernel';
import { SeededRandom } from '@moldau/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testBroker } from '../testing/image-fixture.ts';
import { placeReplicas } from './place-replicas.ts';

const random = (seed: number): Random => new SeededRandom(seed);

describe('placement', () => {
  it('gives each partition distinct brokers, and each broker its share of leaders', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 60 }), fc.nat(), (brokers, partitions, seed) => {
        const factor = 1 + (seed % brokers);
        const ring = Array.from({ length: brokers }, (_, id) => testBroker(id));
        const placed = placeReplicas(ring, partitions, factor, random(seed));
        expect(placed).toEqual(placeReplicas(ring, partitions, factor, random(seed)));
        expect(placed).toHaveLength(partitions);
        for (const replicas of placed) expect(new Set(replicas).size).toBe(factor);
        const leaders = ring.map(({ brokerId }) => placed.filter(([leader]) => leader === brokerId).length);
        expect(Math.max(...leaders) - Math.min(...leaders)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('puts the replicas of a partition into as many racks as it can', () => {
    const ring = Array.from({ length: 9 }, (_, id) => testBroker(id, { rack: `rack-${Math.floor(id / 3)}` }));
    for (const replicas of placeReplicas(ring, 50, 3, random(7))) {
      expect(new Set(replicas.map((id) => Math.floor(id / 3))).size).toBe(3);
    }
  });

  it('spreads the followers of one leader over all others', () => {
    const ring = Array.from({ length: 6 }, (_, id) => testBroker(id));
    const placed = placeReplicas(ring, 60, 2, random(3));
    const followers = placed.filter(([leader]) => leader === 0).map(([, follower]) => follower);
    expect(new Set(followers).size).toBe(5);
  });

  it('is refused with fewer brokers than replicas', () => {
    expect(() => placeReplicas([testBroker(0)], 1, 2, random(1))).toThrow('brokers that serve: 1');
  });
});
