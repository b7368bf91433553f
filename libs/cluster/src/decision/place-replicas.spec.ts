import type { BrokerId, Random } from '@moldau/kernel';
import { SeededRandom } from '@moldau/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BrokerImage } from '../image/metadata-image.ts';
import { testBroker } from '../testing/image-fixture.ts';
import { placeReplicas, replacement } from './place-replicas.ts';
import { ReplicaLoad } from './replica-load.ts';

const random = (seed: number): Random => new SeededRandom(seed);

/** Most minus least of what brokers have. */
function spread(brokers: readonly BrokerImage[], has: (broker: BrokerImage) => number): number {
  const counts = brokers.map(has);
  return Math.max(...counts) - Math.min(...counts);
}

describe('placement', () => {
  it('gives each partition distinct brokers, and brokers replicas and leaders that differ by one at most', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 60 }), fc.nat(), (count, partitions, seed) => {
        const replicationFactor = 1 + (seed % count);
        const brokers = Array.from({ length: count }, (_, id) => testBroker(id));
        const placed = placeReplicas(brokers, partitions, { replicationFactor, random: random(seed) });
        expect(placed).toEqual(placeReplicas(brokers, partitions, { replicationFactor, random: random(seed) }));
        expect(placed).toHaveLength(partitions);
        for (const replicas of placed) expect(new Set(replicas).size).toBe(replicationFactor);
        expect(spread(brokers, ({ brokerId }) => placed.filter(([leader]) => leader === brokerId).length)).toBeLessThanOrEqual(1);
        expect(spread(brokers, ({ brokerId }) => placed.filter((replicas) => replicas.includes(brokerId)).length)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('puts no two replicas of a partition into one rack while racks suffice, and stays even where they are of one size', () => {
    const sizes = fc.record({ racks: fc.integer({ min: 1, max: 6 }), each: fc.integer({ min: 1, max: 4 }) });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 60 }), fc.nat(), ({ racks, each }, partitions, seed) => {
        const brokers = Array.from({ length: racks * each }, (_, id) => testBroker(id, { rack: `rack-${id % racks}` }));
        const replicationFactor = 1 + (seed % racks);
        const placed = placeReplicas(brokers, partitions, { replicationFactor, random: random(seed) });
        for (const replicas of placed) expect(new Set(replicas.map((id) => id % racks)).size).toBe(replicationFactor);
        expect(spread(brokers, ({ brokerId }) => placed.filter(([leader]) => leader === brokerId).length)).toBeLessThanOrEqual(1);
        expect(spread(brokers, ({ brokerId }) => placed.filter((replicas) => replicas.includes(brokerId)).length)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('leaves every rack as few replicas as can be, whatever the sizes of racks', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }), fc.nat(), (sizes, seed) => {
        const brokers = sizes
          .flatMap((size, rack) => Array.from({ length: size }, () => rack))
          .map((rack, id) => testBroker(id, { rack: `${rack}` }));
        const replicationFactor = 1 + (seed % brokers.length);
        for (const replicas of placeReplicas(brokers, 20, { replicationFactor, random: random(seed) })) {
          const inRacks = sizes.map((size, rack) => ({ size, count: replicas.filter((id) => brokers[id]?.rack === `${rack}`).length }));
          const most = Math.max(...inRacks.map(({ count }) => count));
          expect(inRacks.every(({ size, count }) => count === size || count >= most - 1)).toBe(true);
        }
      }),
    );
  });

  it('stays even when partitions are added later', () => {
    const brokers = Array.from({ length: 5 }, (_, id) => testBroker(id));
    const load = new ReplicaLoad();
    const placed = Array.from({ length: 13 }, (_, seed) =>
      placeReplicas(brokers, 7, { replicationFactor: 3, random: random(seed), load }),
    ).flat();
    expect(spread(brokers, ({ brokerId }) => placed.filter(([leader]) => leader === brokerId).length)).toBeLessThanOrEqual(1);
    expect(spread(brokers, ({ brokerId }) => placed.filter((replicas) => replicas.includes(brokerId)).length)).toBeLessThanOrEqual(1);
  });

  it('spreads the replicas that share partitions with one broker over all others', () => {
    const brokers = Array.from({ length: 6 }, (_, id) => testBroker(id));
    const placed = placeReplicas(brokers, 60, { replicationFactor: 2, random: random(3) });
    const beside = (id: number) =>
      placed.filter((replicas) => replicas.includes(0 as BrokerId) && replicas.includes(id as BrokerId)).length;
    expect(Math.max(...[1, 2, 3, 4, 5].map(beside)) - Math.min(...[1, 2, 3, 4, 5].map(beside))).toBeLessThanOrEqual(2);
  });

  it('is refused with fewer brokers than replicas', () => {
    expect(() => placeReplicas([testBroker(0)], 1, { replicationFactor: 2, random: random(1) })).toThrow('brokers that serve: 1');
  });

  it('replaces a replica by a broker of a rack that has none, with the least load', () => {
    const brokers = Array.from({ length: 6 }, (_, id) => testBroker(id, { rack: `rack-${id % 3}` }));
    const load = new ReplicaLoad();
    load.add([2 as BrokerId]);
    const others = brokers.filter(({ brokerId }) => brokerId === 0 || brokerId === 1);
    expect(replacement(brokers, others, load, random(1))).toBe(5);
    expect(replacement(brokers.slice(0, 2), others, load, random(1))).toBeUndefined();
  });
});
