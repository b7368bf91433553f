import { adminService, type PartitionReplicas } from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { SimCluster } from '../testing/sim-cluster.ts';

async function describeAt(cluster: SimCluster, broker: number, topicId: string, partition = 0): Promise<PartitionReplicas> {
  const { results } = await cluster.broker(broker).call(adminService.describeReplicas, { partitions: [{ topicId, partition }] });
  const [result] = results;
  if (result === undefined) throw new Error('no result');
  return result;
}

describe('the leader of a partition', () => {
  it('tells where each replica stands', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    await cluster.produce(1, topicId, ['a', 'b']);
    await cluster.runFor(100);
    const all = await describeAt(cluster, 1, topicId);
    expect(all).toMatchObject({ leaderEpoch: 1, logStartOffset: 0, highWatermark: 2, endOffset: 2, error: undefined });
    expect(all.sizeBytes).toBeGreaterThan(0);
    expect(all.replicas).toMatchObject(
      [1, 2, 3].map((brokerId) => ({ brokerId, inSync: true, endOffset: 2, flushedOffset: 2, lagRecords: 0, lagMs: 0 })),
    );
  });

  it('tells how far one is behind, and which it has not heard of', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    await cluster.produce(1, topicId, ['a']);
    cluster.kill(3);
    cluster.controller.partitions.change(topicId, { isr: [1, 2] });
    await cluster.produce(1, topicId, ['b', 'c', 'd']);
    await cluster.runFor(1_000);
    const { replicas } = await describeAt(cluster, 1, topicId);
    expect(replicas[1]).toMatchObject({ brokerId: 2, lagRecords: 0, lagMs: 0 });
    expect(replicas[2]).toMatchObject({ brokerId: 3, inSync: false, endOffset: 1, lagRecords: 3 });
    expect(replicas[2]?.lagMs).toBeGreaterThan(900);
    cluster.controller.partitions.elect(topicId, 2, [1, 2]);
    await cluster.runFor(1_000);
    expect((await describeAt(cluster, 2, topicId)).replicas[2]).toMatchObject({ brokerId: 3, endOffset: undefined, lagRecords: 4 });
  });

  it('is named by a broker that is not', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    expect((await describeAt(cluster, 2, topicId)).error).toMatchObject({ reason: 'NOT_LEADER' });
    expect((await describeAt(cluster, 1, topicId, 7)).error).toMatchObject({ reason: 'UNKNOWN_PARTITION' });
    expect((await describeAt(cluster, 1, '00000000-0000-4000-8000-00000000ffff')).error).toMatchObject({ reason: 'UNKNOWN_TOPIC' });
  });
});
