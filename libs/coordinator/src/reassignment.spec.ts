import { type AlterPartitionReassignmentsRequest, adminService, DrainAction, PartitionFilter } from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { active, catchUp, createTopic, partitionAt, startCluster, topicNamed } from './testing/started-cluster.ts';

const byName = (name: string) => ({ selector: { $case: 'name' as const, value: name } });

function moveTo(
  brokerIds: readonly number[] | undefined,
  fields: Partial<AlterPartitionReassignmentsRequest> = {},
  index = 0,
): AlterPartitionReassignmentsRequest {
  const replicas = brokerIds === undefined ? undefined : { brokerIds: [...brokerIds] };
  return { reassignments: [{ partition: { topic: byName('t'), partition: index }, replicas }], dryRun: false, ...fields };
}

describe('a reassignment', () => {
  it('goes on under another controller, and ends with the new replicas', async () => {
    const cluster = await startCluster(1, 6);
    const { sim, first } = cluster;
    sim.start('c1');
    await createTopic(cluster, 't', 1, 3);
    const { replicas } = partitionAt(sim, 't');
    const target = [0, 1, 2, 3, 4, 5].filter((id) => !replicas.includes(id as never));
    const { results } = await sim.admin(
      first,
      adminService.alterPartitionReassignments,
      moveTo(target, { throttleBytesPerSecond: 1_000_000 }),
    );
    expect(results).toMatchObject([{ topic: 't', error: undefined }]);
    expect(first.coordinator.image().configs.get('configs/cluster')?.values.get('follower.replication.throttled.rate')).toBe('1000000');
    const listed = await sim.admin(first, adminService.listPartitionReassignments, { topics: [], pageToken: '' });
    expect(listed.partitions).toMatchObject([{ topic: 't', partition: 0, addingIds: target, removingIds: replicas }]);
    first.kill();
    await sim.until('another controller', () => sim.active() !== undefined, 10_000);
    await sim.until('its brokers', () =>
      active(sim)
        .coordinator.image()
        .brokers.every((broker) => !broker.fenced),
    );
    await sim.scheduler.runFor(4_000);
    expect(partitionAt(sim, 't')).toMatchObject({ replicas: [...target, ...replicas], isr: replicas });
    expect(await catchUp(sim, 't')).toBe(1);
    await sim.until('the end', () => partitionAt(sim, 't').removing.length === 0);
    const after = partitionAt(sim, 't');
    expect(after).toMatchObject({ replicas: target, adding: [], removing: [] });
    expect([...after.isr].sort()).toEqual(target);
    expect(target).toContain(after.leader);
  });

  it('can be taken back, tried out, and refused', async () => {
    const cluster = await startCluster(2, 4);
    const { sim, first } = cluster;
    await createTopic(cluster, 't', 1, 3);
    const { replicas } = partitionAt(sim, 't');
    const other = [0, 1, 2, 3].find((id) => !replicas.includes(id as never)) ?? 3;
    const target = [other, ...replicas.slice(0, 2)];
    const alter = async (request: AlterPartitionReassignmentsRequest) => {
      const { results } = await sim.admin(first, adminService.alterPartitionReassignments, request);
      return results[0]?.error?.reason;
    };
    expect(await alter(moveTo(undefined))).toBe('NO_REASSIGNMENT');
    expect(await alter(moveTo([other, other, 1]))).toBe('INVALID_REPLICA_ASSIGNMENT');
    expect(await alter(moveTo([other]))).toBe('INVALID_REPLICA_ASSIGNMENT');
    expect(await alter(moveTo([0, 1, 77]))).toBe('UNKNOWN_BROKER');
    expect(await alter(moveTo(target, {}, 5))).toBe('UNKNOWN_PARTITION');
    expect(await alter(moveTo(target, { dryRun: true }))).toBeUndefined();
    expect(partitionAt(sim, 't').replicas).toEqual(replicas);
    expect(await alter(moveTo(target))).toBeUndefined();
    expect(partitionAt(sim, 't').adding).toEqual([other]);
    expect(await alter(moveTo(undefined))).toBeUndefined();
    expect([...partitionAt(sim, 't').replicas].sort()).toEqual([...replicas].sort());
    expect(partitionAt(sim, 't')).toMatchObject({ adding: [], removing: [] });
  });
});

describe('a broker', () => {
  it('takes nothing new while it is cordoned', async () => {
    const cluster = await startCluster(10, 4);
    const { sim, first } = cluster;
    await sim.admin(first, adminService.cordonBroker, { brokerId: 2, dryRun: false });
    await createTopic(cluster, 't', 20, 3);
    expect(topicNamed(sim, 't').partitions.some((partition) => partition?.replicas.includes(2 as never) === true)).toBe(false);
    const { brokers } = await sim.admin(first, adminService.describeCluster, {});
    expect(brokers.map(({ cordoned }) => cordoned)).toEqual([false, false, true, false]);
    await sim.admin(first, adminService.uncordonBroker, { brokerId: 2, dryRun: false });
    await createTopic(cluster, 'u', 20, 3);
    expect(topicNamed(sim, 'u').partitions.some((partition) => partition?.replicas.includes(2 as never) === true)).toBe(true);
    await expect(sim.admin(first, adminService.cordonBroker, { brokerId: 9, dryRun: false })).rejects.toMatchObject({
      reason: 'UNKNOWN_BROKER',
    });
  });

  it('is drained of all its replicas, and keeps the rack rule meanwhile', async () => {
    const cluster = await startCluster(11, 6, 3);
    const { sim, first } = cluster;
    await createTopic(cluster, 't', 30, 3);
    const drain = (action: DrainAction) => sim.admin(first, adminService.drainBroker, { brokerId: 4, action, dryRun: false });
    const begun = await drain(DrainAction.START);
    expect(begun).toMatchObject({ draining: true, replicas: 15, stuck: 0 });
    await sim.until('the moves', () => topicNamed(sim, 't').partitions.some((partition) => (partition?.removing.length ?? 0) > 0));
    for (let round = 0; round < 20 && (await drain(DrainAction.UNSPECIFIED)).replicas > 0; round += 1) {
      await catchUp(sim, 't');
      await sim.scheduler.runFor(1_000);
    }
    expect(await drain(DrainAction.UNSPECIFIED)).toMatchObject({ draining: true, replicas: 0, leaders: 0, moving: 0, stuck: 0 });
    for (const partition of topicNamed(sim, 't').partitions) {
      expect(new Set(partition?.replicas.map((id) => id % 3)).size).toBe(3);
    }
  });

  it('is forgotten once it is drained and stopped, and not before', async () => {
    const cluster = await startCluster(13, 4);
    const { sim, first, brokers } = cluster;
    await createTopic(cluster, 't', 4, 3);
    const remove = (brokerId: number, dryRun = false) => sim.admin(first, adminService.removeBroker, { brokerId, dryRun });
    await expect(remove(3)).rejects.toMatchObject({
      reason: 'BROKER_NOT_REMOVABLE',
      message: expect.stringContaining('it serves') as string,
    });
    brokers[3]?.kill();
    await sim.until('the fencing', () => first.coordinator.image().brokers.get(3 as never)?.fenced === true);
    await expect(remove(3)).rejects.toMatchObject({ reason: 'BROKER_NOT_REMOVABLE', facts: { broker_id: '3', value: '3', limit: '0' } });
    await sim.admin(first, adminService.drainBroker, { brokerId: 3, action: DrainAction.START, dryRun: false });
    const replicas = () => topicNamed(sim, 't').partitions.count((partition) => partition?.replicas.includes(3 as never) === true);
    for (let round = 0; round < 20 && replicas() > 0; round += 1) {
      await catchUp(sim, 't');
      await sim.scheduler.runFor(1_000);
    }
    await remove(3, true);
    expect(first.coordinator.image().brokers.has(3 as never)).toBe(true);
    await remove(3);
    expect(first.coordinator.image().brokers.has(3 as never)).toBe(false);
    await expect(remove(3)).rejects.toMatchObject({ reason: 'UNKNOWN_BROKER' });
  });

  it('is not drained of what nobody else could take, and keeps what it has when a drain is cancelled', async () => {
    const cluster = await startCluster(12, 4);
    const { sim, first } = cluster;
    await createTopic(cluster, 't', 8, 3);
    const drain = (action: DrainAction) => sim.admin(first, adminService.drainBroker, { brokerId: 0, action, dryRun: false });
    await drain(DrainAction.START);
    await sim.until('the moves', () => topicNamed(sim, 't').partitions.some((partition) => (partition?.removing.length ?? 0) > 0));
    expect(await drain(DrainAction.CANCEL)).toMatchObject({ draining: false, replicas: 6, moving: 0 });
    await createTopic(cluster, 'wide', 1, 4);
    await expect(drain(DrainAction.START)).rejects.toMatchObject({ reason: 'INVALID_REPLICA_ASSIGNMENT' });
    expect(first.coordinator.image().brokers.get(0 as never)).toMatchObject({ cordoned: false, draining: false });
  });
});

describe('a description of partitions', () => {
  it('comes page by page, of all or of those in need', async () => {
    const cluster = await startCluster(20, 3);
    const { sim, first, brokers } = cluster;
    await createTopic(cluster, 'a', 5, 3);
    await createTopic(cluster, 'b', 5, 1);
    const describeAll = async (filter: PartitionFilter, pageSize?: number) => {
      const seen: string[] = [];
      let pageToken = '';
      do {
        const page = await sim.admin(first, adminService.describePartitions, { topics: [], filter, pageSize, pageToken });
        seen.push(...page.partitions.map(({ topic, partition }) => `${topic}${partition}`));
        pageToken = page.nextPageToken;
      } while (pageToken !== '');
      return seen;
    };
    const all = ['a0', 'a1', 'a2', 'a3', 'a4', 'b0', 'b1', 'b2', 'b3', 'b4'];
    expect(await describeAll(PartitionFilter.UNSPECIFIED)).toEqual(all);
    expect(await describeAll(PartitionFilter.UNSPECIFIED, 3)).toEqual(all);
    expect(await describeAll(PartitionFilter.UNDER_REPLICATED)).toEqual([]);
    brokers[0]?.kill();
    await sim.until('the fencing', () => partitionAt(sim, 'a').isr.length === 2);
    await sim.scheduler.runFor(500);
    const offline = await describeAll(PartitionFilter.OFFLINE);
    expect(offline.every((name) => name.startsWith('b'))).toBe(true);
    expect(await describeAll(PartitionFilter.UNDER_REPLICATED)).toEqual([...all.slice(0, 5), ...offline]);
    const { partitions, errors } = await sim.admin(first, adminService.describePartitions, {
      topics: [byName('a'), byName('nothing')],
      filter: PartitionFilter.UNSPECIFIED,
      pageToken: '',
    });
    expect(partitions[0]).toMatchObject({ topic: 'a', minInSyncReplicas: 2, eligibleLeaderIds: [], lossyEpoch: undefined });
    expect(errors.map(({ name, error }) => [name, error?.reason])).toEqual([['nothing', 'UNKNOWN_TOPIC']]);
    await expect(describeAll(PartitionFilter.UNSPECIFIED, 0)).rejects.toMatchObject({ reason: 'INVALID_REQUEST' });
  });
});
