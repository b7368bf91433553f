import { adminService } from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { ShardOwnerRig } from '../testing/shard-owner.ts';
import { batchOf, SimBroker } from '../testing/sim-broker.ts';
import { SimCluster } from '../testing/sim-cluster.ts';

/** Of the first topic that the fake controller makes. */
const TOPIC_ID = '00000000-0000-4000-8000-000000000001';
const INTERNAL = { internal: true, configs: { 'cleanup.policy': 'compact' } };

async function started(
  options: Parameters<SimBroker['topic']>[1] = {},
): Promise<{ sim: SimBroker; owner: ShardOwnerRig; topicId: string }> {
  const sim = await SimBroker.started();
  const topicId = await sim.topic('__groups', { ...INTERNAL, ...options });
  return { sim, owner: new ShardOwnerRig(sim), topicId };
}

describe('AppendToShard', () => {
  it('takes the mark of an owner, and then its batches where it expects the end', async () => {
    const { owner } = await started();
    expect(await owner.append({ epoch: 1 })).toEqual({ baseOffset: 0, endOffset: 1 });
    expect(await owner.append({ epoch: 1, end: 1, values: ['a', 'b'] })).toEqual({ baseOffset: 1, endOffset: 3 });
    expect(await owner.append({ epoch: 1, end: 3 })).toEqual({ baseOffset: 3, endOffset: 4 });
    expect(await owner.append({ epoch: 1, end: 3, values: ['c'] })).toEqual({ reason: 'APPEND_CONFLICT', endOffset: '4' });
    expect(await owner.read(0, 4)).toEqual(['mark', 'a', 'b', 'mark']);
  });

  it('fences the owners before the newest, whatever they expect', async () => {
    const { owner } = await started();
    await owner.append({ epoch: 1 });
    await owner.append({ epoch: 3 });
    for (const terms of [{ epoch: 1 }, { epoch: 2 }, { epoch: 1, end: 2 }, { epoch: 1, end: 2, values: ['a'] }]) {
      expect(await owner.append(terms)).toMatchObject({ reason: 'FENCED_SHARD' });
    }
    expect(await owner.read(0, 2)).toEqual(['mark', 'mark']);
  });

  it('takes no second claim of an epoch, which may be a late copy of the first', async () => {
    const { owner } = await started();
    await owner.append({ epoch: 1 });
    await owner.append({ epoch: 1, end: 1, values: ['a'] });
    expect(await owner.append({ epoch: 1 })).toEqual({ reason: 'APPEND_CONFLICT', endOffset: '2' });
    expect(await owner.append({ epoch: 1, end: 2 })).toEqual({ baseOffset: 2, endOffset: 3 });
  });

  it('knows the newest epoch after a crash', async () => {
    const { sim, owner } = await started();
    await owner.append({ epoch: 7 });
    for (const [at, value] of ['a', 'b', 'c'].entries()) await owner.append({ epoch: 7, end: at + 1, values: [value] });
    sim.process.stop();
    const next = new SimBroker({}, sim.disk.kill(), sim, { name: 'broker-again', seed: 5 });
    await next.scheduler.until(next.broker.start());
    sim.controller.setPartition(TOPIC_ID, 0, 2, { leader: 1 });
    await next.scheduler.runFor(100);
    const again = new ShardOwnerRig(next, 'broker-again:9093');
    expect(await again.append({ epoch: 6, leaderEpoch: 2 })).toMatchObject({ reason: 'FENCED_SHARD' });
    expect(await again.append({ epoch: 7, end: 4, leaderEpoch: 2 })).toEqual({ baseOffset: 4, endOffset: 5 });
  });

  it('refuses another leader epoch, batches in a claim, and what is no shard', async () => {
    const { owner, sim } = await started();
    expect(await owner.append({ epoch: 1, leaderEpoch: 2 })).toMatchObject({ reason: 'UNKNOWN_LEADER_EPOCH' });
    expect(await owner.append({ epoch: 1, values: ['a'] })).toMatchObject({ reason: 'INVALID_REQUEST' });
    expect(await owner.append({ epoch: -1 })).toMatchObject({ reason: 'INVALID_REQUEST' });
    expect(await owner.append({ epoch: 1, end: 0, values: ['a'] })).toMatchObject({ reason: 'INVALID_REQUEST' });
    sim.controller.deleteTopic(TOPIC_ID, 1);
    await sim.scheduler.runFor(100);
    expect(await owner.append({ epoch: 1 })).toMatchObject({ reason: 'UNKNOWN_TOPIC' });
  });

  it('is refused for certain without enough replicas, and in doubt when they go', async () => {
    const { owner, sim, topicId } = await started({ minIsr: 2, replicas: [1] });
    expect(await owner.append({ epoch: 1 })).toMatchObject({ reason: 'NOT_ENOUGH_REPLICAS' });
    sim.controller.setPartition(topicId, 0, 2, { leader: 1, replicas: [1, 2] });
    await sim.scheduler.runFor(20);
    sim.scheduler.after(30, () => sim.controller.setPartition(topicId, 0, 3, { leader: 2, replicas: [1, 2] }));
    expect(await owner.append({ epoch: 1, leaderEpoch: 2 })).toMatchObject({ reason: 'LEADER_CHANGED_AFTER_APPEND' });
  });

  it('keeps the newest epoch when the partition moves to a follower', async () => {
    const cluster = await SimCluster.started(3);
    cluster.controller.createTopic('__groups', { ...INTERNAL, replicas: [1, 2, 3], minIsr: 2 });
    await cluster.runFor(300);
    const first = new ShardOwnerRig(cluster.broker(1), 'broker1:9093');
    expect(await first.append({ epoch: 4 })).toEqual({ baseOffset: 0, endOffset: 1 });
    expect(await first.append({ epoch: 4, end: 1, values: ['a'] })).toEqual({ baseOffset: 1, endOffset: 2 });
    await cluster.runFor(100);
    cluster.kill(1);
    cluster.controller.setPartition(TOPIC_ID, 0, 2, { leader: 2, replicas: [2, 3], minIsr: 2 });
    await cluster.runFor(2_000);
    const leaderEpoch = 2;
    const second = new ShardOwnerRig(cluster.broker(2), 'broker2:9093');
    expect(await second.append({ epoch: 3, end: 2, values: ['b'], leaderEpoch })).toMatchObject({ reason: 'FENCED_SHARD' });
    expect(await second.append({ epoch: 4, end: 2, values: ['b'], leaderEpoch })).toEqual({ baseOffset: 2, endOffset: 3 });
    expect(await second.read(0, 3)).toEqual(['mark', 'a', 'b']);
  });
});

describe('an internal topic', () => {
  it('takes nothing from producers, and loses nothing to delete-records', async () => {
    const { sim, owner, topicId } = await started();
    await owner.append({ epoch: 1 });
    const [result] = await sim.produce(topicId, [batchOf(['a'], { key: 'k' })]);
    expect(result?.error?.reason).toBe('INTERNAL_TOPIC');
    const partitions = [{ topicId, partition: 0, before: { $case: 'all' as const, value: true } }];
    const { results } = await sim.call(adminService.deleteRecords, { dryRun: false, partitions });
    expect(results[0]?.error?.reason).toBe('INTERNAL_TOPIC');
    expect(await owner.read(0, 1)).toEqual(['mark']);
  });
});

describe('ReadShard', () => {
  it('gives what is committed, as far as it is asked for, over several messages', async () => {
    const { owner } = await started();
    await owner.append({ epoch: 1 });
    const large = 'x'.repeat(300_000);
    for (let at = 1; at <= 12; at += 1) await owner.append({ epoch: 1, end: at, values: [large] });
    const values = await owner.read(1, 13);
    expect(values).toHaveLength(12);
    expect(new Set(values)).toEqual(new Set([large]));
    expect(await owner.read(5, 5)).toEqual([]);
    expect(await owner.read(0, 14)).toBe('OFFSET_OUT_OF_RANGE');
    expect(await owner.read(3, 2)).toBe('INVALID_REQUEST');
  });
});
