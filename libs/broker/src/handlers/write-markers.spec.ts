import { callUnary, fetchService, partitionService } from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { outcomes, type SimSession, SimTransactions } from '../testing/fake-transactions.ts';

const session: SimSession = { transactionalId: 'tx', producerId: 9, producerEpoch: 0 };
const NOT_FOUND_TOPIC = '00000000-0000-4000-8000-0000000000ff';

async function begun(options: Parameters<SimTransactions['sim']['topic']>[1] = {}): Promise<{ rig: SimTransactions; topicId: string }> {
  const rig = await SimTransactions.started();
  return { rig, topicId: await rig.sim.topic('orders', options) };
}

const reasons = (results: readonly { error?: { reason: string } | undefined }[]): unknown[] => results.map(({ error }) => error?.reason);

async function endOf(rig: SimTransactions, topicId: string): Promise<number | undefined> {
  const queries = [{ topicId, partition: 0, position: { $case: 'latest' as const, value: {} } }];
  return (await rig.sim.call(fetchService.listOffsets, { isolation: 0, queries })).results[0]?.offset;
}

describe('WriteMarkers', () => {
  it('ends a transaction once, however often it is sent', async () => {
    const { rig, topicId } = await begun();
    await rig.produce(topicId, session, [['a']]);
    const marker = { producerId: 9, producerEpoch: 1, outcome: 'commit' as const };
    expect(reasons(await rig.mark(topicId, [marker]))).toEqual([undefined]);
    expect(reasons(await rig.mark(topicId, [marker, marker]))).toEqual([undefined, undefined]);
    expect(await endOf(rig, topicId)).toBe(2);
  });

  it('touches no transaction that began since', async () => {
    const { rig, topicId } = await begun();
    await rig.produce(topicId, session, [['a']]);
    await rig.mark(topicId, [{ producerId: 9, producerEpoch: 1, outcome: 'commit' }]);
    await rig.produce(topicId, { ...session, producerEpoch: 1 }, [['b']]);
    expect(reasons(await rig.mark(topicId, [{ producerId: 9, producerEpoch: 1, outcome: 'abort' }]))).toEqual([undefined]);
    expect(outcomes(await rig.produce(topicId, { ...session, producerEpoch: 1 }, [['c']], { sequence: 1 }))).toEqual([3]);
  });

  it('fences older epochs and former owners of the shard', async () => {
    const { rig, topicId } = await begun();
    await rig.produce(topicId, { ...session, producerEpoch: 3 }, [['a']]);
    const marks = [
      { producerId: 9, producerEpoch: 2, outcome: 'abort' as const, shardEpoch: 5 },
      { producerId: 9, producerEpoch: 4, outcome: 'commit' as const, shardEpoch: 5 },
      { producerId: 9, producerEpoch: 5, outcome: 'abort' as const, shardEpoch: 4 },
    ];
    expect(reasons(await rig.mark(topicId, marks))).toEqual(['FENCED_PRODUCER', undefined, 'FENCED_SHARD']);
  });

  it('answers for each partition alone, of any namespace', async () => {
    const { rig, topicId } = await begun({ partitions: 2, namespace: 'other' });
    const marker = { producerId: 9, producerEpoch: 1, outcome: 'abort' as const };
    expect(reasons(await rig.mark(topicId, [{ ...marker, partitions: [0, 7, 1] }]))).toEqual([undefined, 'UNKNOWN_PARTITION', undefined]);
    expect(reasons(await rig.mark(NOT_FOUND_TOPIC, [marker]))).toEqual(['UNKNOWN_TOPIC']);
    const elsewhere = await rig.sim.topic('elsewhere', { leader: 2 });
    expect(reasons(await rig.mark(elsewhere, [marker]))).toEqual(['NOT_LEADER']);
  });

  it('answers when the marker is committed, and in doubt when the leader changes before', async () => {
    const { rig, topicId } = await begun({ replicas: [1, 2] });
    rig.sim.scheduler.after(30, () => rig.sim.controller.setPartition(topicId, 0, 1, { leader: 1, replicas: [1] }));
    const startedMs = rig.sim.scheduler.nowMs;
    const marker = { producerId: 9, producerEpoch: 1, outcome: 'abort' as const };
    expect(reasons(await rig.mark(topicId, [marker]))).toEqual([undefined]);
    expect(rig.sim.scheduler.nowMs - startedMs).toBeGreaterThanOrEqual(30);
    rig.sim.controller.setPartition(topicId, 0, 2, { leader: 1, replicas: [1, 2] });
    await rig.sim.scheduler.runFor(20);
    rig.sim.scheduler.after(30, () => rig.sim.controller.setPartition(topicId, 0, 3, { leader: 2, replicas: [1, 2] }));
    expect(reasons(await rig.mark(topicId, [{ ...marker, producerEpoch: 2 }]))).toEqual(['LEADER_CHANGED_AFTER_APPEND']);
  });

  it('needs enough replicas', async () => {
    const { rig, topicId } = await begun({ minIsr: 2 });
    const marker = { producerId: 9, producerEpoch: 1, outcome: 'abort' as const };
    expect(reasons(await rig.mark(topicId, [marker]))).toEqual(['NOT_ENOUGH_REPLICAS']);
  });

  it('refuses what is no marker', async () => {
    const { rig, topicId } = await begun();
    const bad = [
      { producerId: -1, producerEpoch: 1, outcome: 1, shardEpoch: 1 },
      { producerId: 9, producerEpoch: 0, outcome: 1, shardEpoch: 1 },
      { producerId: 9, producerEpoch: 1, outcome: 0, shardEpoch: 1 },
      { producerId: 9, producerEpoch: 1, outcome: 1, shardEpoch: -1 },
    ];
    const channel = rig.sim.network.node('coordinator', rig.sim.scheduler).connector.connect('broker:9093');
    for (const marker of bad) {
      const request = { markers: [{ ...marker, shard: 0, partitions: [{ topicId, partitions: [0] }] }] };
      const call = callUnary(channel, partitionService.writeMarkers, request, { timeoutMs: 1_000 });
      await expect(rig.sim.scheduler.until(call)).rejects.toMatchObject({ reason: 'INVALID_REQUEST' });
    }
    expect(await endOf(rig, topicId)).toBe(0);
  });
});
