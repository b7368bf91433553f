import { setTimeout as sleep } from 'node:timers/promises';
import { createMoldau } from '@moldau/client';
import { type Cluster, type ClusterProcess } from '@moldau/harness';
import { describe, expect, it } from 'vitest';
import { readAll } from '../fixture/read-all.ts';
import { suiteCluster } from '../fixture/suite-cluster.ts';
import { createTopic } from '../fixture/topic.ts';
import { type SteadyWriter, startSteadyWriter } from './steady-writer.ts';

const TEST_TIMEOUT_MS = 60_000;
const POLL = { timeout: 30_000, interval: 100 };
/** A coordinator's lease lasts 5 s: who waited for it would wait at least that long. */
const UNNOTICED_MS = 2_000;
/** Longer than a broker's session with the controller: what hung on it would show. */
const OUTAGE_MS = 4_000;
const TOPIC = 'spread';
const PARTITIONS = 6;

let writer: SteadyWriter;
const suite = suiteCluster({ brokers: 3, coordinators: 2 }, async (moldau) => {
  await createTopic(moldau, TOPIC, { partitions: PARTITIONS, replicationFactor: 1, configs: { 'min.insync.replicas': '1' } });
  writer = startSteadyWriter(moldau, TOPIC, PARTITIONS);
  return () => writer.stop();
});

async function leaders(): Promise<readonly (number | undefined)[]> {
  const [topic] = await suite.moldau.admin().describeTopics([TOPIC]);
  return (topic?.partitions ?? []).map(({ leaderId }) => leaderId);
}

/** Name of the controller, once there is one and all brokers serve. */
async function settledController(): Promise<string | undefined> {
  const { brokers, coordinators } = await suite.moldau.admin().describeCluster();
  if (brokers.some(({ fenced }) => fenced)) return undefined;
  return coordinators.find(({ controller }) => controller)?.coordinatorId;
}

async function controllerOf({ coordinators }: Cluster): Promise<ClusterProcess> {
  const name = await settledController();
  const found = coordinators.find((coordinator) => coordinator.name === name);
  if (found === undefined) throw new Error(`the controller is ${name}, which is none of the cluster's`);
  return found;
}

async function writesGoOn(sent = PARTITIONS * 5): Promise<void> {
  const before = writer.acknowledged.length;
  await expect.poll(() => writer.acknowledged.length - before, POLL).toBeGreaterThan(sent);
}

/** What was sent in an outage before has been answered: waits count from now. */
async function nothingWaits(): Promise<void> {
  await expect.poll(() => writer.takeSlowestMs(), POLL).toBeLessThan(UNNOTICED_MS / 2);
}

describe('three brokers, two coordinators and an etcd', () => {
  it('spread a topic over the brokers, and serve it whole through any of them', async (context) => {
    const { brokers } = suite.running(context);
    expect(new Set(await leaders())).toEqual(new Set([1, 2, 3]));
    await writesGoOn();
    const written = writer.acknowledged.slice(0, PARTITIONS * 2);
    for (const { address } of brokers) {
      const one = createMoldau({ bootstrap: address });
      const values = (await readAll(one, TOPIC)).map(({ value }) => Buffer.from(value ?? []).toString());
      expect(values).toEqual(expect.arrayContaining([...written]));
      await one.close();
    }
  });

  it(
    'write on while the controller is killed, and have another one',
    async (context) => {
      const controller = await controllerOf(suite.running(context));
      await nothingWaits();
      await controller.kill();
      await sleep(OUTAGE_MS);
      expect(writer.takeSlowestMs()).toBeLessThan(UNNOTICED_MS);
      await expect.poll(settledController, POLL).not.toBe(controller.name);
      await createTopic(suite.moldau, 'by-the-next', { replicationFactor: 1, configs: { 'min.insync.replicas': '1' } });
      await controller.restart();
      expect(writer.takeSlowestMs()).toBeLessThan(UNNOTICED_MS);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'get a killed broker’s partitions back with it',
    async (context) => {
      const { brokers } = suite.running(context);
      const before = await leaders();
      const [, broker] = brokers;
      await broker?.kill();
      expect(broker?.pid).toBeUndefined();
      await broker?.restart();
      await expect.poll(leaders, POLL).toEqual(before);
      await writesGoOn();
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'write on while etcd is away, and change metadata again when it is back',
    async (context) => {
      const [etcd] = suite.running(context).etcd;
      await nothingWaits();
      await etcd?.kill();
      await sleep(OUTAGE_MS);
      expect(writer.takeSlowestMs()).toBeLessThan(UNNOTICED_MS);
      await etcd?.restart();
      await expect.poll(() => settledController().catch(() => undefined), POLL).toBeDefined();
      await createTopic(suite.moldau, 'after-etcd', { replicationFactor: 1, configs: { 'min.insync.replicas': '1' } });
      await writesGoOn();
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'hold every acknowledged record once after all that, and nothing failed',
    async (context) => {
      suite.running(context);
      await writer.stop();
      expect(writer.failures).toEqual([]);
      const values = (await readAll(suite.moldau, TOPIC)).map(({ value }) => Buffer.from(value ?? []).toString());
      expect(values.toSorted()).toEqual(writer.acknowledged.toSorted());
    },
    TEST_TIMEOUT_MS,
  );
});
