import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, freePort, type ScratchDirectory, scratchDirectory, spawnService, spawnStandalone } from '@moldau/harness';
import { describe, expect, it } from 'vitest';
import { readAll } from '../fixture/read-all.ts';
import { brokerOf, suiteCluster } from '../fixture/suite-cluster.ts';
import { createTopic } from '../fixture/topic.ts';

const TEST_TIMEOUT_MS = 120_000;
const POLL = { timeout: 45_000, interval: 200 };
/** Exit code of a service whose data directory can't be used (libs/service/README.md). */
const DATA_UNUSABLE = 74;
/** Longer than a coordinator's lease of 5 s. */
const STALE_MS = 15_000;
const CHECKPOINT_MS = 2_500;
const TOPIC = 'kept';
const RECORDS = 60;

let scratch: ScratchDirectory;
const suite = suiteCluster({ brokers: 3, coordinators: 2 }, async (moldau) => {
  scratch = scratchDirectory('bad-cluster');
  await createTopic(moldau, TOPIC, { replicationFactor: 3 });
  const producer = moldau.producer({ lingerMs: 0 });
  for (let at = 0; at < RECORDS; at += 1) await producer.send({ topic: TOPIC, value: valueOf(at) });
  await producer.close();
  return async () => scratch.remove();
});

function valueOf(at: number): Buffer {
  return Buffer.from(`${at} `.repeat(200));
}

/** A broker that should not come up: how its process ended, and what it said. */
async function refusedBroker(
  of: Cluster,
  brokerId: number,
  dataDir: string,
): Promise<{ readonly code: number | null; readonly said: string }> {
  const [clientPort, internalPort, adminPort] = [await freePort(), await freePort(), await freePort()];
  const flags = [
    ...['--broker-id', String(brokerId), '--data-dir', dataDir],
    ...['--coordinators', of.coordinators.map(({ address }) => address).join(',')],
    ...['--client-host', '127.0.0.1', '--client-port', String(clientPort)],
    ...['--internal-host', '127.0.0.1', '--internal-port', String(internalPort)],
  ];
  await using service = spawnService({ service: 'broker', flags, adminPort });
  const { code } = await service.process.ended;
  return { code, said: `${service.process.stdout()}${service.process.stderr()}` };
}

/** On a busy machine a broker may be fenced for a moment while it looks for the next controller. */
async function allServe(): Promise<void> {
  const admin = suite.moldau.admin();
  await expect.poll(async () => (await admin.describeCluster()).brokers.filter(({ fenced }) => !fenced).length, POLL).toBe(3);
}

/** All brokers serve, every replica is in sync, and every record is there once, as it was sent. */
async function nothingIsLost(): Promise<void> {
  const admin = suite.moldau.admin();
  const inSync = async (): Promise<number> => {
    for await (const { inSyncReplicaIds } of admin.describePartitions({ topics: [TOPIC] })) return inSyncReplicaIds.length;
    return 0;
  };
  await allServe();
  await expect.poll(inSync, POLL).toBe(3);
  const values = (await readAll(suite.moldau, TOPIC)).map(({ value }) => Buffer.from(value ?? []).toString());
  expect(values).toEqual(Array.from({ length: RECORDS }, (_, at) => valueOf(at).toString()));
}

describe('a cluster of three brokers refuses, and loses nothing by it,', () => {
  it(
    'a second broker with an id that is in use',
    async (context) => {
      const { code, said } = await refusedBroker(suite.running(context), 1, join(scratch.path, 'second'));
      expect(code).not.toBe(0);
      expect(said).toContain('BROKER_ID_IN_USE');
      expect(said).toMatch(/broker_id\W+1\b|broker 1\b/);
      await nothingIsLost();
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'a broker of another cluster',
    async (context) => {
      const here = suite.running(context);
      const dataDir = join(scratch.path, 'foreign');
      const standalone = await spawnStandalone({ dataDir, flags: ['--broker-id', '9'] });
      const { clusterId } = standalone;
      await standalone.stop();
      const { code, said } = await refusedBroker(here, 9, dataDir);
      expect(code).toBe(DATA_UNUSABLE);
      expect(said).toContain('WRONG_CLUSTER');
      expect(said).toContain(clusterId);
      await nothingIsLost();
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'a data directory that was moved from one broker to another',
    async (context) => {
      const here = suite.running(context);
      const [moved, asked] = [brokerOf(here, 3), brokerOf(here, 2)];
      await moved.stop();
      await asked.stop();
      const dataDir = join(here.directory, moved.name);
      const { code, said } = await refusedBroker(here, 2, dataDir);
      expect(code).toBe(DATA_UNUSABLE);
      expect(said).toContain('WRONG_BROKER');
      await Promise.all([moved.restart(), asked.restart()]);
      await nothingIsLost();
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'a replica with a hole: it is built anew from its leader',
    async (context) => {
      const here = suite.running(context);
      const follower = brokerOf(here, ((await leaderOf(TOPIC)) % 3) + 1);
      const file = logFile(join(here.directory, follower.name, 'topics'));
      const whole = readFileSync(file);
      // What is confirmed is written down each second; below that nothing may be cut.
      await sleep(CHECKPOINT_MS);
      await follower.kill();
      writeFileSync(file, withoutBatch(whole, RECORDS / 2));
      await follower.restart();
      await nothingIsLost();
      await expect.poll(() => readFileSync(file).equals(whole), POLL).toBe(true);
      const log = readFileSync(join(here.directory, 'logs', `${follower.name}.log`), 'utf8');
      expect(log).toContain('PARTITION_OFFLINE');
      expect(log).toContain('a damaged replica is built anew from its leader');
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'what a stale coordinator would write',
    async (context) => {
      const here = suite.running(context);
      const before = await controllerName();
      const stale = here.coordinators.find(({ name }) => name === before);
      stale?.pause();
      await expect.poll(() => controllerName().catch(() => before), { ...POLL, timeout: STALE_MS * 3 }).not.toBe(before);
      await allServe();
      await createTopic(suite.moldau, 'by-the-next', { replicationFactor: 3 });
      stale?.resume();
      // It wakes as one who believes to be the controller; nothing of that may be seen.
      await createTopic(suite.moldau, 'and-another', { replicationFactor: 3 });
      expect(await controllerName()).not.toBe(before);
      const described = await suite.moldau.admin().describeTopics(['by-the-next', 'and-another']);
      expect(described.map(({ error, partitions }) => [error, partitions.length])).toEqual([
        [undefined, 1],
        [undefined, 1],
      ]);
      await nothingIsLost();
    },
    TEST_TIMEOUT_MS,
  );

  it('reassignments to unknown brokers, to one twice, to none, or to fewer than min.insync.replicas', async (context) => {
    suite.running(context);
    const admin = suite.moldau.admin();
    const refusal = async (...replicas: readonly number[]) => {
      const [outcome] = await admin.reassignPartitions([{ topic: TOPIC, partition: 0, replicas }]);
      const { reason, message = '', facts = {} } = outcome?.error ?? {};
      return { reason, said: `${message} ${JSON.stringify(facts)}` };
    };
    const unknown = await refusal(1, 2, 77);
    expect(unknown.reason).toBe('UNKNOWN_BROKER');
    expect(unknown.said).toContain('77');
    const twice = await refusal(1, 2, 2);
    expect(twice.reason).toBe('INVALID_REPLICA_ASSIGNMENT');
    expect(twice.said).toMatch(/1, 2, 2.*broker 2 is named twice.*each broker once/);
    const few = await refusal(3);
    expect(few.reason).toBe('INVALID_REPLICA_ASSIGNMENT');
    expect(few.said).toMatch(/min\.insync\.replicas.*"limit":"2"/);
    expect((await refusal()).reason).toBe('INVALID_REPLICA_ASSIGNMENT');
    for await (const { addingIds, removingIds } of admin.describePartitions({ topics: [TOPIC] })) {
      expect([addingIds, removingIds]).toEqual([[], []]);
    }
    await nothingIsLost();
  });
});

async function controllerName(): Promise<string | undefined> {
  const { coordinators } = await suite.moldau.admin().describeCluster({ timeoutMs: 2_000 });
  return coordinators.find(({ controller }) => controller)?.coordinatorId;
}

async function leaderOf(topic: string): Promise<number> {
  for await (const { leaderId } of suite.moldau.admin().describePartitions({ topics: [topic] }))
    if (leaderId !== undefined) return leaderId;
  throw new Error(`${topic} has no leader`);
}

/** The one segment of the one partition of the one topic with data. */
function logFile(topics: string): string {
  for (const topic of readdirSync(topics)) {
    const directory = join(topics, topic, '0');
    const log = readdirSync(directory).find((name) => name.endsWith('.log'));
    if (log !== undefined && readFileSync(join(directory, log)).length > 0) return join(directory, log);
  }
  throw new Error(`no log in ${topics}`);
}

/** The log without its n-th batch: base offset (8 bytes) and length (4) begin each. */
function withoutBatch(log: Buffer, n: number): Buffer {
  let at = 0;
  for (let count = 0; count < n; count += 1) at += 12 + log.readInt32BE(at + 8);
  return Buffer.concat([log.subarray(0, at), log.subarray(at + 12 + log.readInt32BE(at + 8))]);
}
