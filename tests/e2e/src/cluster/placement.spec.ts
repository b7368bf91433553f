import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type PartitionPlacement } from '@moldau/client';
import { type Cluster, type ClusterProcess } from '@moldau/harness';
import { describe, expect, it } from 'vitest';
import { moldauCommand } from '../fixture/command-line.ts';
import { readAll } from '../fixture/read-all.ts';
import { brokerOf, suiteCluster } from '../fixture/suite-cluster.ts';
import { createTopic } from '../fixture/topic.ts';
import { type SteadyWriter, startSteadyWriter } from './steady-writer.ts';

const TEST_TIMEOUT_MS = 180_000;
const POLL = { timeout: 45_000, interval: 200 };
/** Far above what a client may notice of a planned stop, so that a busy machine does not fail the test. */
const PLANNED_GAP_MS = 2_000;
const UNHEALTHY = 5;
const TOPIC = 'moved';
const PARTITIONS = 3;
/** 3 MB in the partition that is moved, copied at 50 kB/s: it would take a minute. */
const BALLAST = { records: 300, bytes: 10_000 };
const RATE = '50000';

let writer: SteadyWriter;
const suite = suiteCluster({ brokers: 4, coordinators: 2 }, async (moldau) => {
  await moldau.admin().cordonBroker(4);
  await createTopic(moldau, TOPIC, { partitions: PARTITIONS, replicationFactor: 3, configs: { 'file.delete.delay.ms': '0' } });
  await moldau.admin().uncordonBroker(4);
  const producer = moldau.producer();
  for (let at = 0; at < BALLAST.records; at += 1)
    void producer.send({ topic: TOPIC, partition: 0, value: Buffer.alloc(BALLAST.bytes, at) });
  await producer.close();
  writer = startSteadyWriter(moldau, TOPIC, PARTITIONS);
  return () => writer.stop();
});

function command(of: Cluster, ...argv: readonly string[]): ReturnType<typeof moldauCommand> {
  return moldauCommand(...argv, '--bootstrap', of.bootstrap);
}

async function placed(): Promise<readonly PartitionPlacement[]> {
  const partitions: PartitionPlacement[] = [];
  for await (const partition of suite.moldau.admin().describePartitions({ topics: [TOPIC] })) partitions.push(partition);
  return partitions;
}

async function allInSync(): Promise<void> {
  await expect.poll(async () => (await placed()).every(({ inSyncReplicaIds }) => inSyncReplicaIds.length === 3), POLL).toBe(true);
}

/** Partitions of which a broker has files. */
function heldBy(of: Cluster, id: number): readonly string[] {
  const topics = join(of.directory, brokerOf(of, id).name, 'topics');
  return existsSync(topics)
    ? readdirSync(topics).flatMap((topic) => readdirSync(join(topics, topic)).map((name) => `${topic}/${name}`))
    : [];
}

async function controllerOf({ coordinators }: Cluster): Promise<ClusterProcess> {
  const described = await suite.moldau.admin().describeCluster();
  const name = described.coordinators.find(({ controller }) => controller)?.coordinatorId;
  const found = coordinators.find((coordinator) => coordinator.name === name);
  if (found === undefined) throw new Error(`the controller is ${name}, which is none of the cluster's`);
  return found;
}

describe('four brokers under load', () => {
  it(
    'move a replica no faster than the throttle says, across the end of the controller, until the move is taken back',
    async (context) => {
      const here = suite.running(context);
      const old = (await placed())[0]?.replicaIds ?? [];
      const target = [4, ...old.slice(1)].join(',');
      const begun = await command(here, 'partition', 'reassign', `${TOPIC}/0=${target}`, '--throttle', RATE);
      expect(begun).toMatchObject({ code: 0, out: `${TOPIC}/0 is being moved to ${target}\n` });
      const controller = await controllerOf(here);
      await controller.kill();
      await expect.poll(async () => (await controllerOf(here).catch(() => controller)).name, POLL).not.toBe(controller.name);
      const status = await command(here, 'partition', 'reassign');
      expect(status.out).toMatch(new RegExp(`${TOPIC}/0 .* 4 +${old[0]} +.*4:[1-9]`));
      await controller.restart();
      expect(await command(here, 'partition', 'reassign', '--cancel', TOPIC)).toMatchObject({
        code: 0,
        out: `the move of ${TOPIC}/0 is taken back\n`,
      });
      const [back] = await placed();
      expect([back?.replicaIds.toSorted(), back?.addingIds]).toEqual([old.toSorted(), []]);
      await expect.poll(() => heldBy(here, 4), POLL).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'move it for good, and the broker that had it keeps nothing',
    async (context) => {
      const here = suite.running(context);
      const old = (await placed())[0]?.replicaIds ?? [];
      const target = [4, ...old.slice(1)].join(',');
      const done = await command(here, 'partition', 'reassign', `${TOPIC}/0=${target}`, '--throttle', 'none', '--wait');
      expect(done, done.err).toMatchObject({ code: 0, out: `${TOPIC}/0 moved to ${target}\n` });
      expect((await placed())[0]?.replicaIds.join(',')).toBe(target);
      await expect.poll(() => heldBy(here, old[0] ?? 0).length, POLL).toBe(PARTITIONS - 1);
      const elected = await command(here, 'partition', 'elect-leader', `${TOPIC}/0`);
      expect(elected.code, elected.err).toBe(0);
      expect((await placed())[0]?.leaderId).toBe(4);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'stop one of them as planned without a client noticing, and say when the next may stop',
    async (context) => {
      const here = suite.running(context);
      await allInSync();
      const safe = (id: number): Promise<number> =>
        command(here, 'cluster', 'health', '--safe-to-stop', String(id)).then(({ code }) => code);
      const stopped = (await placed())[1]?.leaderId ?? 1;
      const other = (await placed())[1]?.replicaIds.find((id) => id !== stopped) ?? 2;
      expect(await safe(stopped)).toBe(0);
      writer.takeSlowestMs();
      await brokerOf(here, stopped).stop();
      expect(writer.takeSlowestMs()).toBeLessThan(PLANNED_GAP_MS);
      expect((await placed()).every(({ leaderId }) => leaderId !== undefined && leaderId !== stopped)).toBe(true);
      expect(await safe(other)).toBe(UNHEALTHY);
      await brokerOf(here, stopped).restart();
      await allInSync();
      expect(await safe(other)).toBe(0);
      expect(writer.failures).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'empty a broker that is drained, which may then go',
    async (context) => {
      const here = suite.running(context);
      const drained = await command(here, 'broker', 'drain', '1', '--wait');
      expect(drained, drained.err).toMatchObject({ code: 0 });
      expect(drained.out).toMatch(/\n1 +yes +0 +0 +0 +0\n$/);
      expect((await placed()).some(({ replicaIds }) => replicaIds.includes(1))).toBe(false);
      await expect.poll(() => heldBy(here, 1), POLL).toEqual([]);
      expect((await command(here, 'cluster', 'health', '--safe-to-stop', '1')).code).toBe(0);
      expect((await command(here, 'broker', 'list')).out).toMatch(/\n1 .*unfenced, draining/);
      await brokerOf(here, 1).stop();
      const without = await command(here, 'cluster', 'health');
      expect(without.out).toMatch(/brokers +3 unfenced, 0 fenced\n +retired +1\n/);
      expect(without.code, without.out).toBe(0);
      await brokerOf(here, 1).restart();
      expect((await command(here, 'broker', 'uncordon', '1')).code).toBe(0);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'hold every acknowledged record once after all that, and nothing failed',
    async (context) => {
      suite.running(context);
      await writer.stop();
      expect(writer.failures).toEqual([]);
      const values = (await readAll(suite.moldau, TOPIC)).map(({ value }) => Buffer.from(value ?? []));
      const written = values.filter(({ length }) => length !== BALLAST.bytes).map(String);
      expect(written.toSorted()).toEqual(writer.acknowledged.toSorted());
      expect(values.length - written.length).toBe(BALLAST.records);
    },
    TEST_TIMEOUT_MS,
  );
});
