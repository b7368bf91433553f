import type { DescribedCluster } from '@moldau/client';
import { describe, expect, it } from 'vitest';
import { assessHealth, waitingHelps } from './assess-health.ts';
import type { PartitionState } from './partition-state.ts';

function cluster(changes: { readonly controller?: boolean; readonly fenced?: readonly number[] } = {}): DescribedCluster {
  const described = {
    clusterId: 'c',
    metadataVersion: 9,
    brokers: [1, 2, 3].map((brokerId) => ({
      brokerId,
      fenced: changes.fenced?.includes(brokerId) ?? false,
      cordoned: false,
      draining: false,
    })),
    coordinators: [{ coordinatorId: 'a', address: 'a:1', controller: changes.controller ?? true }],
  };
  return described as unknown as DescribedCluster;
}

function partition(index: number, changes: Partial<PartitionState> = {}): PartitionState {
  const inSync = {
    replicas: [1, 2, 3],
    inSyncReplicas: [1, 2, 3],
    eligibleLeaderReplicas: [],
    minInSyncReplicas: 2,
    adding: [],
    removing: [],
  };
  return { topic: 'orders', partition: index, leader: 1, leaderEpoch: 4, ...inSync, ...changes };
}

describe('a cluster', () => {
  it('is healthy with a controller, all brokers unfenced, all partitions led and all replicas in sync', () => {
    expect(assessHealth(cluster(), [partition(0), partition(1)])).toMatchObject({
      healthy: true,
      controller: 'a',
      brokers: { unfenced: [1, 2, 3], fenced: [] },
      topics: 1,
      partitions: { total: 2, withoutLeader: [], underMinIsr: [], underReplicated: [] },
    });
    expect(assessHealth(cluster(), [])).toMatchObject({ healthy: true, topics: 0 });
  });

  it('is not without a controller, or with a fenced broker', () => {
    expect(assessHealth(cluster({ controller: false }), [])).toMatchObject({ healthy: false, controller: null });
    expect(assessHealth(cluster({ fenced: [2] }), [])).toMatchObject({ healthy: false, brokers: { unfenced: [1, 3], fenced: [2] } });
  });

  it('is, with a fenced broker that was drained and holds nothing', () => {
    expect(assessHealth(cluster({ fenced: [2, 3] }), [], [3])).toMatchObject({ healthy: false, brokers: { fenced: [2], retired: [3] } });
    expect(assessHealth(cluster({ fenced: [3] }), [], [3])).toMatchObject({ healthy: true, brokers: { unfenced: [1, 2], fenced: [] } });
  });

  it('is not when a partition is ill, which is named under each of its ills', () => {
    const late = partition(1, { inSyncReplicas: [1, 2] });
    const thin = partition(2, { inSyncReplicas: [1] });
    const dead = partition(3, { leader: null, inSyncReplicas: [] });
    expect(assessHealth(cluster(), [partition(0), late, thin, dead])).toMatchObject({
      healthy: false,
      partitions: { withoutLeader: [dead], underMinIsr: [thin, dead], underReplicated: [late, thin, dead] },
    });
  });

  it('is not ill for replicas that are on their way', () => {
    const moving = partition(0, { replicas: [4, 1, 2, 3], adding: [4], removing: [3] });
    expect(assessHealth(cluster(), [moving])).toMatchObject({ healthy: true, partitions: { underReplicated: [], reassigning: [moving] } });
  });
});

describe('a broker', () => {
  const safeOf = (...states: PartitionState[]): readonly number[] => assessHealth(cluster(), states).brokers.safeToStop;

  it('may be stopped while every partition of it has enough others in sync, whether it is in sync itself or not', () => {
    expect(safeOf()).toEqual([1, 2, 3]);
    expect(safeOf(partition(0))).toEqual([1, 2, 3]);
    expect(safeOf(partition(0, { replicas: [1, 2], inSyncReplicas: [1, 2] }))).toEqual([3]);
    expect(safeOf(partition(0, { inSyncReplicas: [1, 2] }))).toEqual([3]);
  });

  it('may not where it has the only replica, or the partition has no leader to be found', () => {
    expect(safeOf(partition(0, { replicas: [2], inSyncReplicas: [2], minInSyncReplicas: 1 }))).toEqual([1, 3]);
    expect(safeOf(partition(0, { leader: null, inSyncReplicas: [] }))).toEqual([]);
  });

  it('that is fenced need not be stopped', () => {
    expect(assessHealth(cluster({ fenced: [2] }), [partition(0)]).brokers.safeToStop).toEqual([1, 3]);
  });

  it('is worth waiting for where another replica may get in sync, and not where there are too few', () => {
    const late = partition(0, { inSyncReplicas: [1, 2] });
    const alone = partition(1, { replicas: [1], inSyncReplicas: [1], minInSyncReplicas: 1 });
    expect(waitingHelps([late], 1)).toBe(true);
    expect(waitingHelps([late, alone], 1)).toBe(true);
    expect(waitingHelps([alone], 1)).toBe(false);
    expect(waitingHelps([partition(0)], 1)).toBe(false);
    expect(waitingHelps([partition(0, { leader: null, inSyncReplicas: [] })], 1)).toBe(true);
  });
});
