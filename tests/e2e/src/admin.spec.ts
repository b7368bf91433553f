import { createMoldau, type Moldau } from '@moldau/client';
import { type SpawnedStandalone, spawnStandalone } from '@moldau/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAll } from './fixture/read-all.ts';
import { createTopic } from './fixture/topic.ts';

let server: SpawnedStandalone;
let moldau: Moldau;

beforeAll(async () => {
  server = await spawnStandalone();
  moldau = createMoldau({ bootstrap: server.address });
});

afterAll(async () => {
  await moldau?.close();
  await server?.dispose();
});

async function names(): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { name } of moldau.admin().listTopics()) found.push(name);
  return found;
}

async function send(topic: string, count: number): Promise<void> {
  const producer = moldau.producer();
  for (let index = 0; index < count; index++) await producer.send({ topic, partition: 0, value: Buffer.from(String(index)) });
  await producer.close();
}

describe('topics', () => {
  it('are created, listed by name, described, given more partitions and deleted', async () => {
    const admin = moldau.admin();
    await createTopic(moldau, 'b-topic', { partitions: 2, configs: { 'retention.ms': '1000000' } });
    await createTopic(moldau, 'a-topic');
    expect(await names()).toEqual(['a-topic', 'b-topic']);
    const [described] = await admin.describeTopics(['b-topic']);
    expect(described).toMatchObject({ name: 'b-topic', replicationFactor: 1, configs: { 'retention.ms': '1000000' } });
    expect(described?.partitions.map(({ leaderId }) => leaderId)).toEqual([server.brokerId, server.brokerId]);
    const [added] = await admin.addPartitions([{ name: 'b-topic', totalPartitions: 5 }]);
    expect(added?.error).toBeUndefined();
    await expect.poll(async () => (await admin.describeTopics(['b-topic']))[0]?.partitions.length, { timeout: 5000 }).toBe(5);
    const [shrunk] = await admin.addPartitions([{ name: 'b-topic', totalPartitions: 2 }]);
    expect(shrunk?.error?.reason).toBe('INVALID_PARTITIONS');
    const [deleted] = await admin.deleteTopics(['b-topic']);
    expect(deleted?.error).toBeUndefined();
    await expect.poll(names, { timeout: 5000 }).toEqual(['a-topic']);
  });

  it('created again under the same name inherit nothing', async () => {
    await createTopic(moldau, 'again');
    await send('again', 3);
    await moldau.admin().deleteTopics(['again']);
    await expect.poll(names, { timeout: 5000 }).not.toContain('again');
    await createTopic(moldau, 'again');
    expect(await readAll(moldau, 'again')).toEqual([]);
    await send('again', 1);
    expect(await readAll(moldau, 'again')).toHaveLength(1);
  });

  it('are only checked in a dry run', async () => {
    const admin = moldau.admin();
    const [would] = await admin.createTopics([{ name: 'dry', partitions: 1 }], { dryRun: true });
    expect(would?.error).toBeUndefined();
    const [wouldNot] = await admin.createTopics([{ name: 'dry/', partitions: 1 }], { dryRun: true });
    expect(wouldNot?.error?.reason).toBe('INVALID_TOPIC_NAME');
    expect(await names()).not.toContain('dry');
  });
});

describe('settings', () => {
  it('of a topic are changed and reset while it runs, and shown with where they come from', async () => {
    const admin = moldau.admin();
    await createTopic(moldau, 'configured');
    const resource = { topic: 'configured' };
    const entry = async (name: string): Promise<unknown> => {
      const [description] = await admin.describeConfigs([resource]);
      const found = description?.entries.find((candidate) => candidate.name === name);
      return found && { value: found.value, source: found.source };
    };
    const [changed] = await admin.alterConfigs([{ resource, changes: [{ name: 'retention.ms', value: '5000' }] }]);
    expect(changed?.error).toBeUndefined();
    await expect.poll(() => entry('retention.ms'), { timeout: 5000 }).toEqual({ value: '5000', source: 'topic' });
    await admin.alterConfigs([{ resource, changes: [{ name: 'retention.ms' }] }]);
    await expect.poll(() => entry('retention.ms'), { timeout: 5000 }).toMatchObject({ source: 'default' });
    const [refused] = await admin.alterConfigs([
      {
        resource,
        changes: [
          { name: 'retention.bytes', value: '1' },
          { name: 'retention.ms', value: 'never' },
        ],
      },
    ]);
    expect(refused?.error?.reason).toBe('INVALID_CONFIG');
    expect(await entry('retention.bytes')).toMatchObject({ source: 'default' });
  });
});

describe('records', () => {
  it('are deleted up to an offset, and stay so after a restart', async () => {
    await createTopic(moldau, 'trimmed');
    await send('trimmed', 10);
    const [trimmed] = await moldau.admin().deleteRecords([{ topic: 'trimmed', partition: 0, before: { offset: 4 } }]);
    expect(trimmed?.error).toBeUndefined();
    expect((await readAll(moldau, 'trimmed'))[0]?.offset).toBe(4);
    const [tooFar] = await moldau.admin().deleteRecords([{ topic: 'trimmed', partition: 0, before: { offset: 11 } }]);
    expect(tooFar?.error?.reason).toBe('OFFSET_OUT_OF_RANGE');
    await server.restart();
    expect((await readAll(moldau, 'trimmed')).map(({ offset }) => offset)).toEqual([4, 5, 6, 7, 8, 9]);
  });
});

describe('the cluster', () => {
  it('is described: one broker that serves, one coordinator that is the controller', async () => {
    const cluster = await moldau.admin().describeCluster();
    expect(cluster).toMatchObject({ clusterId: server.clusterId });
    expect(cluster.brokers).toMatchObject([{ brokerId: server.brokerId, fenced: false }]);
    expect(cluster.coordinators.map(({ controller }) => controller)).toEqual([true]);
  });
});
