import type { MetadataImage, TopicImage } from '@moldau/cluster';
import { adminService, ConfigSource, callUnary, coordinatorService } from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { SimCoordinators } from './testing/sim-coordinators.ts';

function newTopic(name: string, partitions: number | undefined, replicationFactor?: number, configs: [string, string][] = []) {
  return { topics: [{ name, partitions, replicationFactor, configs: new Map(configs) }], dryRun: false };
}

function named(...names: string[]) {
  return names.map((value) => ({ selector: { $case: 'name' as const, value } }));
}

async function startCluster(seed: number, brokers: number) {
  const sim = new SimCoordinators(seed);
  const first = sim.start('c0');
  await sim.until('a controller', () => sim.active() !== undefined);
  const started = Array.from({ length: brokers }, (_, id) => sim.broker(id).start());
  await sim.until('serving brokers', () => started.every((broker) => broker.serving()));
  return { sim, first, brokers: started };
}

function onlyTopic(image: MetadataImage): TopicImage | undefined {
  return image.topics.first();
}

describe('topics', () => {
  it('are created, listed, described and deleted', async () => {
    const { sim, first } = await startCluster(1, 3);
    const created = await sim.admin(first, adminService.createTopics, newTopic('orders', 4, 3, [['retention.ms', '1000']]));
    expect(created.results[0]).toMatchObject({ name: 'orders', partitions: 4, replicationFactor: 3, error: undefined });
    const listed = await sim.admin(first, adminService.listTopics, { includeInternal: false, pageToken: '' });
    expect(listed.topics).toMatchObject([{ name: 'orders', topicId: created.results[0]?.topicId, partitions: 4, replicationFactor: 3 }]);
    const described = await sim.admin(first, adminService.describeTopics, { topics: named('orders', 'none') });
    expect(described.topics[0]?.configs).toEqual(new Map([['retention.ms', '1000']]));
    expect(described.topics[0]?.topic?.partitions.map((partition) => partition.inSyncReplicaIds.length)).toEqual([3, 3, 3, 3]);
    expect(new Set(described.topics[0]?.topic?.partitions.map((partition) => partition.leaderId))).toEqual(new Set([0, 1, 2]));
    expect(described.topics[1]?.topic?.error?.reason).toBe('UNKNOWN_TOPIC');
    const deleted = await sim.admin(first, adminService.deleteTopics, { topics: named('orders', 'none'), dryRun: false });
    expect(deleted.results.map((result) => result.error?.reason)).toEqual([undefined, 'UNKNOWN_TOPIC']);
    const again = await sim.admin(first, adminService.createTopics, newTopic('orders', 1, 1));
    expect(again.results[0]?.topicId).not.toBe(created.results[0]?.topicId);
  });

  it('use the defaults of the cluster, and none of another namespace', async () => {
    const { sim, first } = await startCluster(2, 3);
    const created = await sim.admin(first, adminService.createTopics, newTopic('t', undefined));
    expect(created.results[0]).toMatchObject({ partitions: 1, replicationFactor: 3 });
    expect(onlyTopic(first.coordinator.image())?.partitions.get(0)).toMatchObject({ minIsr: 2, flush: 'sync' });
    const elsewhere = await sim.admin(first, adminService.createTopics, newTopic('t', 2), 'other');
    expect(elsewhere.results[0]?.error).toBeUndefined();
    const listed = await sim.admin(first, adminService.listTopics, { includeInternal: false, pageToken: '' }, 'other');
    expect(listed.topics).toMatchObject([{ partitions: 2 }]);
    const byId = { selector: { $case: 'topicId' as const, value: created.results[0]?.topicId ?? '' } };
    const described = await sim.admin(first, adminService.describeTopics, { topics: [byId] }, 'other');
    expect(described.topics[0]?.topic?.error?.reason).toBe('UNKNOWN_TOPIC');
  });

  it('are refused with the thing, the value and the limit, each by itself', async () => {
    const { sim, first } = await startCluster(3, 2);
    await sim.admin(first, adminService.createTopics, newTopic('taken', 1, 1));
    const cases = [
      [newTopic('a b', 1, 1), 'INVALID_TOPIC_NAME'],
      [newTopic('__mine', 1, 1), 'INVALID_TOPIC_NAME'],
      [newTopic('taken', 1, 1), 'TOPIC_EXISTS'],
      [newTopic('t', 0, 1), 'INVALID_PARTITIONS'],
      [newTopic('t', 10_001, 1), 'INVALID_PARTITIONS'],
      [newTopic('t', 1, 3), 'INVALID_REPLICATION_FACTOR'],
      [newTopic('t', 1, 0), 'INVALID_REPLICATION_FACTOR'],
      [newTopic('t', 1, 1, [['retention', '1']]), 'INVALID_CONFIG'],
      [newTopic('t', 1, 1, [['min.insync.replicas', '2']]), 'INVALID_CONFIG'],
    ] as const;
    const topics = cases.flatMap(([request]) => request.topics);
    const { results } = await sim.admin(first, adminService.createTopics, {
      topics: [...topics, ...newTopic('good', 1, 1).topics],
      dryRun: false,
    });
    expect(results.map((result) => result.error?.reason)).toEqual([...cases.map(([, reason]) => reason), undefined]);
    expect(results[4]?.error?.metadata.get('limit')).toBe('10000');
    expect(results.every((result) => result.error === undefined || result.error.message.length > 10)).toBe(true);
  });

  it('are checked and not created by a dry run', async () => {
    const { sim, first } = await startCluster(4, 1);
    const before = sim.store.engine.state.headRevision();
    const { results } = await sim.admin(first, adminService.createTopics, { ...newTopic('t', 500, 1), dryRun: true });
    expect(results[0]).toMatchObject({ name: 't', partitions: 500, topicId: '', error: undefined });
    expect(sim.store.engine.state.headRevision()).toBe(before);
  });

  it('get partitions, which clients see all at once', async () => {
    const { sim, first, brokers } = await startCluster(5, 2);
    await sim.admin(first, adminService.createTopics, newTopic('t', 2, 1));
    const fewer = await sim.admin(first, adminService.addPartitions, { topics: [{ name: 't', totalPartitions: 2 }], dryRun: false });
    expect(fewer.results[0]?.error?.reason).toBe('INVALID_PARTITIONS');
    const seen = new Set<number>();
    const stop = sim.store.engine.onPublished(() => {
      for (const topic of brokers[0]?.image.topics.values() ?? []) seen.add(topic.readyPartitions);
    });
    const added = await sim.admin(first, adminService.addPartitions, { topics: [{ name: 't', totalPartitions: 300 }], dryRun: false });
    stop();
    expect([...seen]).toEqual([2]);
    expect(added.results[0]?.error).toBeUndefined();
    await sim.scheduler.runFor(1_000);
    expect(onlyTopic(first.coordinator.image())).toMatchObject({ state: 'active', partitionCount: 300, readyPartitions: 300 });
    expect(onlyTopic(first.coordinator.image())?.partitions.every((partition) => partition?.leader !== undefined)).toBe(true);
  });

  it('are forgotten once every broker has removed their data', async () => {
    const { sim, first, brokers } = await startCluster(6, 2);
    const { results } = await sim.admin(first, adminService.createTopics, newTopic('t', 2, 2));
    await sim.admin(first, adminService.deleteTopics, { topics: named('t'), dryRun: false });
    await sim.until('the end of its records', () => first.coordinator.image().topics.size === 0);
    const deleted = () => first.coordinator.image().deletedTopics.first();
    expect(deleted()?.brokerIds).toEqual([0, 1]);
    if (brokers[0] !== undefined) brokers[0].removedTopicIds = [results[0]?.topicId ?? ''];
    await sim.until('one report', () => deleted()?.brokerIds.length === 1);
    if (brokers[1] !== undefined) brokers[1].removedTopicIds = [results[0]?.topicId ?? ''];
    await sim.until('the end', () => first.coordinator.image().deletedTopics.size === 0);
    const left = sim.store.engine.range({ prefix: '/moldau/default/' }).entries.map((entry) => entry.key);
    expect(left.filter((key) => key.includes('topic') || key.includes('partition'))).toEqual([]);
  });
});

describe('settings', () => {
  it('are described with their source, and changed all or none', async () => {
    const { sim, first } = await startCluster(30, 1);
    await sim.admin(first, adminService.createTopics, newTopic('t', 1, 1));
    const topic = { resource: { $case: 'topic' as const, value: 't' } };
    const cluster = { resource: { $case: 'clusterDefaults' as const, value: {} } };
    const alter = (resource: typeof topic | typeof cluster, changes: { name: string; value: string | undefined }[], dryRun = false) =>
      sim.admin(first, adminService.alterConfigs, { resources: [{ resource, changes }], dryRun });
    const refused = await alter(topic, [
      { name: 'retention.ms', value: '5' },
      { name: 'segment.bytes', value: 'big' },
      { name: 'nonsense', value: '1' },
    ]);
    expect(refused.results[0]?.error?.reason).toBe('INVALID_CONFIG');
    expect(refused.results[0]?.error?.message).toMatch(/nonsense.*segment\.bytes|segment\.bytes.*nonsense/);
    await alter(topic, [{ name: 'retention.ms', value: '5' }]);
    await alter(cluster, [{ name: 'segment.ms', value: '77' }]);
    const dry = await alter(topic, [{ name: 'retention.bytes', value: '9' }], true);
    expect(dry.results[0]?.error).toBeUndefined();
    const described = await sim.admin(first, adminService.describeConfigs, { resources: [topic] });
    const entries = new Map(described.results[0]?.entries.map((entry) => [entry.name, entry]));
    expect(entries.get('retention.ms')).toMatchObject({ value: '5', source: ConfigSource.TOPIC, defaultValue: '604800000' });
    expect(entries.get('segment.ms')).toMatchObject({ value: '77', source: ConfigSource.CLUSTER_DEFAULT });
    expect(entries.get('retention.bytes')).toMatchObject({ value: '-1', source: ConfigSource.DEFAULT });
    await alter(topic, [{ name: 'retention.ms', value: undefined }]);
    const reset = await sim.admin(first, adminService.describeConfigs, { resources: [topic] });
    expect(reset.results[0]?.entries.find((entry) => entry.name === 'retention.ms')?.source).toBe(ConfigSource.DEFAULT);
  });

  it('of min.insync.replicas and flush reach the partitions', async () => {
    const { sim, first } = await startCluster(31, 3);
    await sim.admin(first, adminService.createTopics, newTopic('t', 200, 3));
    const changes = [
      { name: 'min.insync.replicas', value: '3' },
      { name: 'flush', value: 'async' },
    ];
    await sim.admin(first, adminService.alterConfigs, {
      resources: [{ resource: { resource: { $case: 'topic', value: 't' } }, changes }],
      dryRun: false,
    });
    const reached = () =>
      onlyTopic(first.coordinator.image())?.partitions.every((partition) => partition?.minIsr === 3 && partition.flush === 'async');
    await sim.until('the partitions', () => reached() === true);
  });
});

describe('producer ids', () => {
  it('are handed out in blocks, each once, to registered brokers only', async () => {
    const { sim, first, brokers } = await startCluster(40, 1);
    const request = { brokerId: 0, brokerEpoch: brokers[0]?.registered?.brokerEpoch ?? 0 };
    const allocate = (wanted: typeof request) =>
      sim.scheduler.until(callUnary(sim.adminChannel(first), coordinatorService.allocateProducerIds, wanted, { timeoutMs: 5_000 }));
    const one = await allocate(request);
    const two = await allocate(request);
    expect([one.count, two.count]).toEqual([1_000, 1_000]);
    expect(two.firstProducerId).toBeGreaterThanOrEqual(one.firstProducerId + 1_000);
    await expect(allocate({ ...request, brokerEpoch: request.brokerEpoch - 1 })).rejects.toMatchObject({ reason: 'FENCED_BROKER' });
  });
});

describe('a change of many partitions', () => {
  it('is finished by the next controller, wherever the last one was killed', { timeout: 120_000 }, async () => {
    const partitionsAtKill: number[] = [];
    for (let writes = 1; writes <= 6; writes += 1) {
      const { sim, first } = await startCluster(100 + writes, 2);
      sim.start('c1');
      sim.start('c2');
      await sim.scheduler.runFor(1_000);
      killAfterWrites(sim, writes, (partitions) => void partitionsAtKill.push(partitions));
      sim.sendAdmin(first, adminService.createTopics, newTopic('t', 400, 2)).catch(() => undefined);
      await sim.until('another controller', () => sim.active() !== undefined && sim.active() !== first, 20_000);
      await sim.until('a whole topic', () => activeTopic(sim)?.state === 'active', 10_000);
      expect(activeTopic(sim)?.partitions.size, `after ${writes} writes`).toBe(400);
      expect(activeTopic(sim)?.partitions.every((partition) => partition?.replicas.length === 2)).toBe(true);
      await finishDeletion(sim, writes);
    }
    // Four transactions of 120, 120, 120 and 40 partitions, in any order; before them the topic, after them its state.
    expect([partitionsAtKill[0], ...partitionsAtKill.slice(-2)]).toEqual([0, 400, 400]);
    for (const partitions of partitionsAtKill.slice(1, -2)) expect([40, 120, 160, 240, 280, 360]).toContain(partitions);
  });
});

function activeTopic(sim: SimCoordinators): TopicImage | undefined {
  return sim.active()?.coordinator.image().topics.first();
}

/** Kills the active controller once so many more transactions have been committed. */
function killAfterWrites(sim: SimCoordinators, writes: number, killed: (partitions: number) => void = () => undefined): void {
  const from = sim.store.engine.state.image().revision;
  const stop = sim.store.engine.onPublished(() => {
    if (sim.store.engine.state.image().revision < from + writes) return;
    stop();
    sim.active()?.kill();
    killed(sim.store.engine.range({ prefix: '/moldau/default/partitions/' }).entries.length);
  });
}

/** Deletes the topic, kills the controller after some writes, and expects the next to leave nothing. */
async function finishDeletion(sim: SimCoordinators, writes: number): Promise<void> {
  const second = sim.active();
  if (second === undefined) return;
  await sim.scheduler.runFor(3_000);
  killAfterWrites(sim, writes);
  sim.sendAdmin(second, adminService.deleteTopics, { topics: named('t'), dryRun: false }).catch(() => undefined);
  await sim.until('nothing left', () => sim.active() !== undefined && sim.active()?.coordinator.image().topics.size === 0, 30_000);
  const left = sim.store.engine.range({ prefix: '/moldau/default/' }).entries.map((entry) => entry.key);
  expect(left.filter((key) => key.includes('/partitions/') || key.includes('/topics/') || key.includes('topic-names'))).toEqual([]);
}
