import { MoldauError } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import type { PartitionState } from '../health/partition-state.ts';
import { planMoves } from './plan-moves.ts';

function partition(index: number, replicas: readonly number[], changes: Partial<PartitionState> = {}): PartitionState {
  const rest = { leader: replicas[0] ?? null, leaderEpoch: 0, inSyncReplicas: replicas, eligibleLeaderReplicas: [], minInSyncReplicas: 2 };
  return { topic: 'orders', partition: index, replicas, adding: [], removing: [], ...rest, ...changes };
}

function brokers(...ids: readonly number[]): { readonly brokerId: number; readonly rack: string | undefined }[] {
  return ids.map((brokerId) => ({ brokerId, rack: undefined }));
}

describe('a plan', () => {
  it('leaves what is on the brokers where it is, and moves the rest into its place, spread evenly', () => {
    const states = [partition(0, [1, 2, 3]), partition(1, [2, 3, 4]), partition(2, [3, 4, 1]), partition(3, [4, 5, 2])];
    expect(planMoves(states, brokers(2, 3, 4, 5))).toEqual([
      { topic: 'orders', partition: 0, replicas: [5, 2, 3] },
      { topic: 'orders', partition: 2, replicas: [3, 4, 5] },
    ]);
    expect(planMoves(states, brokers(1, 2, 3, 4, 5))).toEqual([]);
  });

  it('keeps replicas of a partition in different racks where it can', () => {
    const racked = [
      { brokerId: 2, rack: 'b' },
      { brokerId: 3, rack: 'c' },
      { brokerId: 4, rack: 'b' },
      { brokerId: 5, rack: 'a' },
    ];
    expect(planMoves([partition(0, [1, 2, 3])], racked)).toEqual([{ topic: 'orders', partition: 0, replicas: [5, 2, 3] }]);
  });

  it('begins where a move under way leads', () => {
    const moving = partition(0, [4, 2, 3, 1], { adding: [4], removing: [1] });
    expect(planMoves([moving], brokers(2, 3, 4))).toEqual([]);
  });

  it('is refused when there are fewer brokers than replicas', () => {
    expect(() => planMoves([partition(0, [1, 2, 3])], brokers(1, 2))).toThrow(MoldauError);
    expect(() => planMoves([partition(0, [1, 2, 3])], brokers(1, 2))).toThrow('orders/0 has 3 replicas, and only 2 brokers');
  });
});
