import { adminService, ElectionType } from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { createTopic, partitionAt, proposal, propose, startCluster, topicNamed, transactionsSince } from './testing/started-cluster.ts';

const damaged = (topicId: string, ...partitions: readonly number[]) => ({
  topics: [
    {
      topicId,
      replicas: partitions.map((partition) => ({ partition, lastEpoch: -1, endOffset: 0, cut: false, damaged: true })),
    },
  ],
});

describe('damage that a running broker has found', () => {
  it('takes leadership and ISR from its replicas, many in a transaction, and is heard once', async () => {
    const cluster = await startCluster(1, 3);
    const { sim, brokers } = cluster;
    await createTopic(cluster, 't', 100, 3);
    const { topicId } = topicNamed(sim, 't');
    const before = sim.store.engine.state.headRevision();
    const all = Array.from({ length: 100 }, (_, index) => index);
    brokers[0]!.damagedReplicas = damaged(topicId, ...all);
    await sim.until('others', () => all.every((index) => !partitionAt(sim, 't', index).isr.includes(0 as never)));
    expect(all.every((index) => partitionAt(sim, 't', index).leader !== 0)).toBe(true);
    await sim.scheduler.runFor(3_000);
    expect(transactionsSince(sim, before, 'partitions/')).toBe(1);
  });

  it('says nothing of a record that the broker has not seen: its replica may have been built anew', async () => {
    const cluster = await startCluster(2, 3);
    const { sim, brokers } = cluster;
    await createTopic(cluster, 't', 1, 3);
    brokers[0]!.lagging = true;
    brokers[0]!.damagedReplicas = damaged(topicNamed(sim, 't').topicId, 0);
    await sim.scheduler.runFor(3_000);
    expect(partitionAt(sim, 't').isr).toEqual(expect.arrayContaining([0, 1, 2]));
  });

  it('leaves the partition to an operator where no other replica has any right to lead', async () => {
    const cluster = await startCluster(3, 2);
    const { sim, brokers, first } = cluster;
    await createTopic(cluster, 't', 1, 2, [['min.insync.replicas', '1']]);
    const { leader = 0 } = partitionAt(sim, 't');
    await propose(sim, leader, [proposal(sim, 't', 0, [leader])]);
    brokers[leader]!.damagedReplicas = damaged(topicNamed(sim, 't').topicId, 0);
    await sim.until('no leader', () => partitionAt(sim, 't').leader === undefined);
    await sim.scheduler.runFor(3_000);
    expect(partitionAt(sim, 't')).toMatchObject({ leader: undefined, isr: [], elr: [], lastKnownElr: [leader] });
    const partitions = [{ topic: { selector: { $case: 'name' as const, value: 't' } }, partition: 0 }];
    await sim.admin(first, adminService.electLeaders, { type: ElectionType.UNCLEAN, partitions, dryRun: false });
    const after = partitionAt(sim, 't');
    expect(after).toMatchObject({ leader: 1 - leader, isr: [1 - leader], lastKnownElr: [], lossyEpoch: after.leaderEpoch });
  });
});
