import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type PartitionPlacement } from '@moldau/client';
import { type Cluster } from '@moldau/harness';
import { describe, expect, it } from 'vitest';
import { readAll } from '../fixture/read-all.ts';
import { brokerOf, suiteCluster } from '../fixture/suite-cluster.ts';
import { createTopic } from '../fixture/topic.ts';

const TEST_TIMEOUT_MS = 90_000;
const POLL = { timeout: 45_000, interval: 100 };
const RECORDS = 50;

const suite = suiteCluster({ brokers: 3 });

async function placement(topic: string): Promise<PartitionPlacement> {
  for await (const partition of suite.moldau.admin().describePartitions({ topics: [topic] })) return partition;
  throw new Error(`no partition of ${topic}`);
}

async function send(topic: string, values: readonly string[]): Promise<void> {
  const producer = suite.moldau.producer({ lingerMs: 0 });
  for (const value of values) await producer.send({ topic, partition: 0, value: Buffer.from(value) });
  await producer.close();
}

async function values(topic: string): Promise<readonly string[]> {
  return (await readAll(suite.moldau, topic)).map(({ value }) => Buffer.from(value ?? []).toString());
}

/** A member of a group of the topic's name reads so many records, and commits them. */
async function readInGroup(topic: string, count: number): Promise<void> {
  await using member = suite.moldau.consumer({ group: topic, topics: [topic], autoCommit: false });
  const read = member[Symbol.asyncIterator]();
  for (let index = 0; index < count; index++) await read.next();
  await member.commit();
}

/** Turns one bit in the middle of the broker's log of this topic's only partition. */
function flip({ directory }: Cluster, brokerId: number, topicId: string): void {
  const path = join(directory, `broker-${brokerId}`, 'topics', topicId, '0', '00000000000000000000.log');
  const file = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, 1_000);
  writeSync(file, Buffer.from([byte.readUInt8(0) ^ 4]), 0, 1, 1_000);
  closeSync(file);
}

const numbered = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${name} ${index} ${'x'.repeat(100)}`);

describe('a replica whose log rots under a running broker', () => {
  it(
    'loses leadership and is built anew from the others, and no record is lost',
    async (context) => {
      const all = suite.running(context);
      await createTopic(suite.moldau, 'rotting', { replicationFactor: 3, configs: { 'min.insync.replicas': '1' } });
      const written = numbered('kept', RECORDS);
      await send('rotting', written);
      const { leaderId, topicId } = await placement('rotting');
      flip(all, leaderId ?? 0, topicId);
      await expect.poll(async () => (await placement('rotting')).leaderId, POLL).not.toBe(leaderId);
      await expect.poll(async () => (await placement('rotting')).inSyncReplicaIds.length, POLL).toBe(3);
      await send('rotting', ['after']);
      expect(await values('rotting')).toEqual([...written, 'after']);
      // The one that was built anew has all of it: it is the last that is left.
      const others = all.brokers.filter(({ name }) => name !== `broker-${leaderId}`);
      for (const other of others) await other.kill();
      await expect.poll(async () => (await placement('rotting')).inSyncReplicaIds, POLL).toEqual([leaderId]);
      await expect.poll(async () => (await placement('rotting')).leaderId, POLL).toBe(leaderId);
      expect(await values('rotting')).toEqual([...written, 'after']);
      for (const other of others) await other.restart();
    },
    TEST_TIMEOUT_MS,
  );
});

describe('an election at the price of acknowledged records', () => {
  it(
    'is made by an explicit word, tells the reader at the tail and a group that stood behind it what they lost, and leaves equal replicas',
    async (context) => {
      const all = suite.running(context);
      await createTopic(suite.moldau, 'unclean', { replicationFactor: 2, configs: { 'min.insync.replicas': '1' } });
      const kept = numbered('kept', 10);
      await send('unclean', kept);
      // Groups have their topic, with a replica on each broker, before one is gone.
      await readInGroup('unclean', 10);
      const before = await placement('unclean');
      const leader = brokerOf(all, before.leaderId);
      const behindId = before.replicaIds.find((id) => id !== before.leaderId);
      const behind = brokerOf(all, behindId);
      await behind.kill();
      await expect.poll(async () => (await placement('unclean')).inSyncReplicaIds.length, POLL).toBe(1);
      await send('unclean', numbered('lost', 10));
      const reader = suite.moldau.consumer({ assignment: [{ topic: 'unclean', partition: 0, from: 'earliest' }] });
      const read = reader[Symbol.asyncIterator]();
      for (let count = 0; count < 20; count++) await read.next();
      await readInGroup('unclean', 10);
      await leader.kill();
      await behind.restart();
      await expect.poll(async () => (await placement('unclean')).leaderId, POLL).toBeUndefined();
      const next = read.next().then(
        () => 'a record',
        (error: unknown) => error,
      );
      const [outcome] = await suite.moldau.admin().electLeaders('unclean', [{ topic: 'unclean', partition: 0 }]);
      expect(outcome?.error).toBeUndefined();
      await send('unclean', numbered('other', 15));
      expect(await next).toMatchObject({ reason: 'LOG_TRUNCATED', facts: { diverging_offset: '10' } });
      await reader.seek({ topic: 'unclean', partition: 0 }, { offset: 10 });
      expect(Buffer.from((await read.next()).value?.value ?? []).toString()).toContain('other 0');
      await reader.close();
      // The committed offset lies within the log that there is now, but what was read before it is not there.
      await expect(readInGroup('unclean', 1)).rejects.toMatchObject({ reason: 'LOG_TRUNCATED', facts: { diverging_offset: '10' } });
      await leader.restart();
      await expect.poll(async () => (await placement('unclean')).inSyncReplicaIds.length, POLL).toBe(2);
      expect(await values('unclean')).toEqual([...kept, ...numbered('other', 15)]);
    },
    TEST_TIMEOUT_MS,
  );
});
