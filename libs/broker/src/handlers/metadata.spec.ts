import { MoldauError } from '@moldau/kernel';
import {
  adminService,
  type DeleteRecordsPartition,
  DrainAction,
  ElectionType,
  metadataService,
  PartitionFilter,
  type TopicSelector,
} from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { batchOf, openDirect, SimBroker } from '../testing/sim-broker.ts';

const named = (value: string): TopicSelector => ({ selector: { $case: 'name', value } });
const byId = (value: string): TopicSelector => ({ selector: { $case: 'topicId', value } });

describe('GetMetadata', () => {
  it('shows brokers and topics, each missing topic with its own error', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders', { partitions: 2 });
    const foreign = await sim.topic('secret', { namespace: 'other' });
    const topics = [named('orders'), byId(topicId), named('nothing'), named('a b'), byId('no uuid'), byId(foreign)];
    const metadata = await sim.call(metadataService.getMetadata, { topics, allTopics: false });
    expect(metadata).toMatchObject({ clusterId: '11111111-1111-4111-8111-111111111111', brokerId: 1 });
    expect(metadata.brokers).toMatchObject([{ brokerId: 1, host: 'broker', port: 9092 }]);
    expect(metadata.topics.map(({ name, error }) => error?.reason ?? name)).toEqual([
      'orders',
      'orders',
      'UNKNOWN_TOPIC',
      'INVALID_TOPIC_NAME',
      'UNKNOWN_TOPIC',
      'UNKNOWN_TOPIC',
    ]);
    expect(metadata.topics[0]).toMatchObject({ topicId, maxMessageBytes: 1_048_576, internal: false });
    expect(metadata.topics[0]?.partitions).toMatchObject([
      { partition: 0, leaderId: 1, leaderEpoch: 1, replicaIds: [1], inSyncReplicaIds: [1] },
      { partition: 1, leaderId: 1 },
    ]);
  });

  it('lists all topics of the namespace by name, and no other', async () => {
    const sim = await SimBroker.started();
    for (const name of ['b', 'a', 'c']) await sim.topic(name);
    await sim.topic('secret', { namespace: 'other' });
    const { topics } = await sim.call(metadataService.getMetadata, { topics: [], allTopics: true });
    expect(topics.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    const both = sim.call(metadataService.getMetadata, { topics: [named('a')], allTopics: true });
    await expect(both).rejects.toMatchObject({ reason: 'INVALID_REQUEST' });
  });
});

describe('WatchMetadata', () => {
  it('sends a snapshot, then what changes of what is watched', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    const { call, messages } = sim.open(metadataService.watchMetadata);
    call.send({ topics: [named('orders'), named('later')], allTopics: false });
    await sim.scheduler.runFor(20);
    sim.controller.setPartition(topicId, 0, 2, { leader: 2, replicas: [1, 2] });
    await sim.topic('unwatched');
    const later = await sim.topic('later');
    sim.controller.deleteTopic(topicId, 1);
    await sim.scheduler.runFor(20);
    expect(messages[0]?.frame).toMatchObject({
      $case: 'snapshot',
      value: { topics: [{ name: 'orders' }, { error: { reason: 'UNKNOWN_TOPIC' } }] },
    });
    const changed = messages.flatMap(({ frame }) => (frame?.$case === 'change' ? frame.value.topics : []));
    expect(changed.map(({ topicId: id, name, error }) => [id, name, error?.reason])).toEqual([
      [topicId, 'orders', undefined],
      [later, 'later', undefined],
      [topicId, 'orders', 'UNKNOWN_TOPIC'],
    ]);
  });

  it('remembers changes for a client that does not read, and heartbeats for one that does', async () => {
    const sim = await SimBroker.started();
    const stream = openDirect(sim, metadataService.watchMetadata.path);
    stream.writable = false;
    stream.events?.message(metadataService.watchMetadata.request.encode({ topics: [], allTopics: true }).finish());
    for (let count = 0; count < 10; count += 1) await sim.topic(`t${count}`);
    expect(stream.written).toHaveLength(1);
    stream.writable = true;
    stream.events?.drained();
    await sim.scheduler.runFor(20);
    expect(stream.written).toHaveLength(2);
    const { frame } = metadataService.watchMetadata.response.decode(stream.written[1]!);
    expect(frame?.$case === 'change' && frame.value.topics).toHaveLength(10);
    await sim.scheduler.runFor(10_100);
    expect(metadataService.watchMetadata.response.decode(stream.written[2]!).frame?.$case).toBe('heartbeat');
  });
});

describe('AdminService', () => {
  it('forwards with who calls, and answers when this broker serves the new topic', async () => {
    const sim = await SimBroker.started({ namespaces: ['team-a' as never] });
    const metadata = new Map([
      ['moldau-client-id', 'cli'],
      ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
    ]);
    const topics = [{ name: 'orders', partitions: 3, replicationFactor: undefined, configs: new Map() }];
    const { results } = await sim.call(adminService.createTopics, { topics, dryRun: false }, { metadata });
    const topicId = results[0]?.topicId ?? '';
    expect(sim.controller.forwarded[0]).toMatchObject({
      method: '/moldau.v1.AdminService/CreateTopics',
      principal: 'User:anonymous',
      namespace: 'default',
      clientId: 'cli',
      listener: 'client',
      traceparent: metadata.get('traceparent'),
    });
    const produced = await sim.produce(topicId, [batchOf(['a'])], { partition: 2 });
    expect(produced[0]).toMatchObject({ baseOffset: 0, error: undefined });
    await sim.call(adminService.deleteTopics, { topics: [byId(topicId)], dryRun: false });
    const described = await sim.call(adminService.describeTopics, { topics: [named('orders')] });
    expect(described.topics[0]?.topic?.error?.reason).toBe('UNKNOWN_TOPIC');
  });

  it('tries again while nobody is the controller, within the deadline', async () => {
    const sim = await SimBroker.started();
    sim.controller.failure = new MoldauError('NOT_CONTROLLER', 'not here', { controller_address: 'coordinator:9093' });
    sim.scheduler.after(700, () => {
      sim.controller.failure = undefined;
    });
    await sim.call(adminService.describeCluster, {});
    expect(sim.controller.forwarded.length).toBeGreaterThan(2);
    sim.controller.failure = new MoldauError('NOT_CONTROLLER', 'not here');
    const late = sim.call(adminService.describeCluster, {}, { timeoutMs: 1_500 });
    await expect(late).rejects.toMatchObject({ status: expect.stringMatching(/UNAVAILABLE|DEADLINE_EXCEEDED/) as string });
  });

  it('passes the errors of the controller on', async () => {
    const sim = await SimBroker.started();
    sim.controller.failure = new MoldauError('PERMISSION_DENIED', 'you may not', { principal: 'x' });
    await expect(sim.call(adminService.alterConfigs, { resources: [], dryRun: false })).rejects.toMatchObject({
      reason: 'PERMISSION_DENIED',
      facts: { principal: 'x' },
    });
  });

  it('has the controller answer what is asked of brokers and replicas', async () => {
    const sim = await SimBroker.started();
    await sim.call(adminService.cordonBroker, { brokerId: 1, dryRun: false });
    await sim.call(adminService.uncordonBroker, { brokerId: 1, dryRun: false });
    await sim.call(adminService.drainBroker, { brokerId: 1, action: DrainAction.START, dryRun: false });
    await sim.call(adminService.alterPartitionReassignments, { reassignments: [], dryRun: false });
    await sim.call(adminService.listPartitionReassignments, { topics: [], pageToken: '' });
    await sim.call(adminService.electLeaders, { type: ElectionType.PREFERRED, partitions: [], dryRun: false });
    await sim.call(adminService.describePartitions, { topics: [], filter: PartitionFilter.OFFLINE, pageToken: '' });
    expect(sim.controller.forwarded.map(({ method }) => method.split('/').at(-1))).toEqual([
      'CordonBroker',
      'UncordonBroker',
      'DrainBroker',
      'AlterPartitionReassignments',
      'ListPartitionReassignments',
      'ElectLeaders',
      'DescribePartitions',
    ]);
  });

  it('lists topics in pages', async () => {
    const sim = await SimBroker.started();
    for (const name of ['a', 'b', 'c']) await sim.topic(name);
    const first = await sim.call(adminService.listTopics, { includeInternal: false, pageSize: 2, pageToken: '' });
    const second = await sim.call(adminService.listTopics, { includeInternal: false, pageSize: 2, pageToken: first.nextPageToken });
    expect([first, second].map(({ topics }) => topics.map(({ name }) => name))).toEqual([['a', 'b'], ['c']]);
    expect(second.nextPageToken).toBe('');
    await expect(sim.call(adminService.listTopics, { includeInternal: false, pageSize: 0, pageToken: '' })).rejects.toMatchObject({
      reason: 'INVALID_REQUEST',
    });
  });

  it('describes topics with the settings that differ', async () => {
    const sim = await SimBroker.started();
    await sim.topic('orders', { configs: { 'retention.ms': '1000' } });
    const { topics } = await sim.call(adminService.describeTopics, { topics: [named('orders')] });
    expect(topics[0]?.replicationFactor).toBe(1);
    expect([...(topics[0]?.configs ?? [])]).toEqual([['retention.ms', '1000']]);
  });

  it('deletes records up to the high watermark and no further', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders', { partitions: 2 });
    await sim.produce(topicId, [batchOf(['a']), batchOf(['b']), batchOf(['c'])]);
    const before = (value: number) => ({ topicId, partition: 0, before: { $case: 'beforeOffset' as const, value } });
    const ask = async (partitions: DeleteRecordsPartition[], dryRun = false) =>
      (await sim.call(adminService.deleteRecords, { partitions, dryRun })).results.map(
        ({ logStartOffset, error }) => error?.reason ?? logStartOffset,
      );
    expect(await ask([before(2)], true)).toEqual([0]);
    expect(await ask([before(2)])).toEqual([2]);
    expect(await ask([before(1)])).toEqual([2]);
    expect(await ask([before(4)])).toEqual(['OFFSET_OUT_OF_RANGE']);
    expect(
      await ask([
        { topicId, partition: 0, before: undefined },
        { topicId, partition: 5, before: { $case: 'all', value: true } },
      ]),
    ).toEqual(['INVALID_REQUEST', 'UNKNOWN_PARTITION']);
    expect(await ask([{ topicId, partition: 0, before: { $case: 'all', value: true } }])).toEqual([3]);
  });
});
