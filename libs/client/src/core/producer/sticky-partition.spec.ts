import { SeededRandom } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import type { PartitionView } from '../cluster/metadata-view.ts';
import { chooseSticky } from './sticky-partition.ts';

function shares(partitions: readonly PartitionView[], loads: readonly number[]): number[] {
  const random = new SeededRandom(7);
  const counts = partitions.map(() => 0);
  for (let round = 0; round < 10_000; round++) {
    const chosen = chooseSticky(partitions, (index) => loads[index] ?? 0, random);
    counts[chosen] = (counts[chosen] ?? 0) + 1;
  }
  return counts.map((count) => count / 10_000);
}

const led = (leaderId: number | undefined): PartitionView => ({ leaderId, leaderEpoch: 0, replicaIds: [] });

describe('chooseSticky', () => {
  it('is uniform over queues of one length', () => {
    for (const share of shares([led(1), led(2), led(3), led(1)], [2, 2, 2, 2])) expect(share).toBeCloseTo(0.25, 1);
  });

  it('gives less to longer queues', () => {
    const [idle, busy] = shares([led(1), led(2)], [0, 3]);
    expect(idle).toBeCloseTo(0.8, 1);
    expect(busy).toBeCloseTo(0.2, 1);
  });

  it('leaves out partitions without a leader, unless none has one', () => {
    expect(shares([led(undefined), led(2)], [0, 5])).toEqual([0, 1]);
    expect(Math.min(...shares([led(undefined), led(undefined)], [0, 0]))).toBeGreaterThan(0.4);
  });
});
