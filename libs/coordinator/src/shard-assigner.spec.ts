import { SHARD_KINDS, type ShardKindName, shardKey } from '@moldau/cluster';
import { MoldauError } from '@moldau/kernel';
import { adminService, callUnary, coordinatorService, ShardKind } from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import type { SimCoordinators } from './testing/sim-coordinators.ts';
import { active, startCluster, topicNamed } from './testing/started-cluster.ts';

function ensure(sim: SimCoordinators, kind: ShardKind): Promise<{ readonly topicId: string }> {
  return sim.scheduler.until(callUnary(sim.adminChannel(active(sim)), coordinatorService.ensureShards, { kind }, { timeoutMs: 10_000 }));
}

function owners(sim: SimCoordinators, kind: ShardKindName): (string | undefined)[] {
  const { cluster, shards } = active(sim).coordinator.image();
  return Array.from({ length: cluster?.shards ?? 0 }, (_, shard) => shards.get(shardKey(kind, shard))?.owner?.coordinatorId);
}

async function reasonOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'OK',
    (error: unknown) => MoldauError.from(error).reason,
  );
}

describe('coordinator shards', () => {
  it('have a compacted internal topic with a partition each, made once', async () => {
    const { sim } = await startCluster(1, 3);
    const { topicId } = await ensure(sim, ShardKind.GROUPS);
    expect(topicNamed(sim, '__groups')).toMatchObject({ topicId, internal: true, partitionCount: 16, replicationFactor: 3 });
    expect(topicNamed(sim, '__groups').partitions.get(0)).toMatchObject({ flush: 'sync', minIsr: 2 });
    expect(active(sim).coordinator.image().configs.get(`configs/topics/${topicId}`)?.values.get('cleanup.policy')).toBe('compact');
    expect((await ensure(sim, ShardKind.GROUPS)).topicId).toBe(topicId);
    expect((await ensure(sim, ShardKind.TRANSACTIONS)).topicId).not.toBe(topicId);
  });

  it('have a topic that no administrator deletes, enlarges or makes forget', async () => {
    const { sim } = await startCluster(1, 3);
    await ensure(sim, ShardKind.GROUPS);
    const { topicId } = topicNamed(sim, '__groups');
    const topics = [{ selector: { $case: 'topicId', value: topicId } } as const];
    const deleted = await sim.admin(active(sim), adminService.deleteTopics, { topics, dryRun: false });
    const enlarged = await sim.admin(active(sim), adminService.addPartitions, {
      topics: [{ name: '__groups', totalPartitions: 32 }],
      dryRun: false,
    });
    const alter = async (name: string, value: string | undefined): Promise<string | undefined> => {
      const resource = { resource: { $case: 'topic', value: '__groups' } } as const;
      const resources = [{ resource, changes: [{ name, value }] }];
      const { results } = await sim.admin(active(sim), adminService.alterConfigs, { resources, dryRun: false });
      return results[0]?.error?.reason;
    };
    const altered = [
      await alter('cleanup.policy', 'delete'),
      await alter('cleanup.policy', undefined),
      await alter('max.message.bytes', '1000'),
      await alter('retention.ms', '1000'),
      await alter('min.cleanable.dirty.ratio', '0.2'),
    ];
    expect([deleted.results[0]?.error?.reason, enlarged.results[0]?.error?.reason]).toEqual(['INTERNAL_TOPIC', 'INTERNAL_TOPIC']);
    expect(altered).toEqual(['INTERNAL_TOPIC', 'INTERNAL_TOPIC', 'INTERNAL_TOPIC', 'INTERNAL_TOPIC', undefined]);
    expect(topicNamed(sim, '__groups')).toMatchObject({ topicId, state: 'active', partitionCount: 16 });
    const names = async (includeInternal: boolean): Promise<string[]> => {
      const { topics: listed } = await sim.admin(active(sim), adminService.listTopics, { includeInternal, pageToken: '' });
      return listed.map(({ name }) => name);
    };
    expect([await names(false), await names(true)]).toEqual([[], ['__groups']]);
  });

  it('wait for as many brokers as their topic has replicas', async () => {
    const { sim } = await startCluster(1, 2);
    expect(await reasonOf(ensure(sim, ShardKind.GROUPS))).toBe('NOT_ENOUGH_BROKERS');
    expect(await reasonOf(ensure(sim, ShardKind.UNSPECIFIED))).toBe('INVALID_REQUEST');
    const third = sim.broker(7).start();
    await sim.until('a third broker', () => third.serving());
    expect(await reasonOf(ensure(sim, ShardKind.GROUPS))).toBe('OK');
  });

  it('are owned by all coordinators, and soon by the others when one dies or the controller does', async () => {
    const { sim, first } = await startCluster(1, 3);
    const second = sim.start('c1');
    sim.start('c2');
    await sim.until('three coordinators', () => first.coordinator.image().coordinators.size === 3);
    for (const kind of [ShardKind.GROUPS, ShardKind.TRANSACTIONS]) await ensure(sim, kind);
    const spread = (): number[] => SHARD_KINDS.map((kind) => new Set(owners(sim, kind)).size);
    await sim.until('owners', () => spread().join() === '3,3');
    second.kill();
    await sim.until('others in its place', () => !SHARD_KINDS.some((kind) => owners(sim, kind).includes('c1')), 7_000);
    first.kill();
    await sim.until('another controller', () => sim.active() !== undefined);
    await sim.until('the last one owning all', () => SHARD_KINDS.every((kind) => owners(sim, kind).every((owner) => owner === 'c2')));
    sim.start('c1');
    await sim.until('a share for who came back', () => spread().join() === '2,2');
  });
});

describe('the settings of a group', () => {
  it('are changed and shown by its name, also before it exists', async () => {
    const { sim } = await startCluster(1, 1);
    const resource = { resource: { $case: 'group', value: 'payments' } } as const;
    const changes = [{ name: 'session.timeout.ms', value: '20000' }];
    const altered = await sim.admin(active(sim), adminService.alterConfigs, { resources: [{ resource, changes }], dryRun: false });
    expect(altered.results[0]?.error).toBeUndefined();
    const shown = async (namespace: string): Promise<string | undefined> => {
      const { results } = await sim.admin(active(sim), adminService.describeConfigs, { resources: [resource] }, namespace);
      return results[0]?.entries.find(({ name }) => name === 'session.timeout.ms')?.value;
    };
    expect([await shown('default'), await shown('other')]).toEqual(['20000', '45000']);
    const bad = { resource: { resource: { $case: 'group', value: 'no/slash' } } as const, changes };
    const refused = await sim.admin(active(sim), adminService.alterConfigs, { resources: [bad], dryRun: false });
    expect(refused.results[0]?.error?.reason).toBe('INVALID_GROUP_ID');
  });
});
