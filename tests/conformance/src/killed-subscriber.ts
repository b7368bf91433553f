import { randomUUID } from 'node:crypto';
import { spawnStandalone, startCluster } from '@moldau/harness';
import { expect, vi } from 'vitest';
import { type Message, type ProtoClient, protoClient } from './proto-client.ts';
import type { ForeignClient } from './toolchain/foreign-client.ts';
import { WorkerProcess } from './worker-process.ts';

const WAIT = { timeout: 30_000, interval: 20 };
const RECORDS = 300;
/** Worked on before something is killed. */
const KILLED_AFTER = 60;
const GROUP = 'workers';

type Program = Extract<ForeignClient, { kind: 'built' }>;

/** A topic with work for programs of one group. */
interface Work extends Disposable {
  readonly values: readonly string[];
  begin(addresses: string): WorkerProcess;
  /** The members of the group and its epoch, which rises with every change of them. */
  group(): Promise<{ readonly memberIds: readonly unknown[]; readonly epoch: unknown }>;
}

async function prepareWork({ command, parameters }: Program, address: string): Promise<Work> {
  const gateway = await protoClient('moldau/v1/gateway.proto', 'moldau.v1.GatewayService', address);
  const admin = await protoClient('moldau/v1/admin.proto', 'moldau.v1.AdminService', address);
  const topic = `work-${randomUUID()}`;
  await admin.call('CreateTopics', { topics: [{ name: topic, partitions: 3 }] });
  const values = Array.from({ length: RECORDS }, (_, index) => `record ${index}`);
  await gateway.call('Publish', { topic, records: values.map((value) => ({ key: Buffer.from(value), value: Buffer.from(value) })) });
  return {
    values: [...values].sort(),
    begin: (addresses) => new WorkerProcess(command, [...parameters, addresses, GROUP, topic]),
    group: () => describeGroup(admin),
    [Symbol.dispose](): void {
      for (const client of [gateway, admin]) client.close();
    },
  };
}

async function describeGroup(admin: ProtoClient): ReturnType<Work['group']> {
  const { results } = await admin.call('DescribeGroups', { groupIds: [GROUP], membersOnly: true });
  const group = (results as Message[])[0]?.['group'] as Message;
  return { memberIds: (group['members'] as Message[]).map((member) => member['memberId']), epoch: group['groupEpoch'] };
}

async function workedOn(worker: WorkerProcess, records: number): Promise<void> {
  await vi.waitFor(() => expect(worker.lines.length, worker.errors).toBeGreaterThan(records), WAIT);
}

/** A program works on a topic, is killed in the middle, and another takes its place: every record was worked on by one of them. */
export async function killAndReplaceSubscriber(program: Program): Promise<void> {
  await using server = await spawnStandalone();
  using work = await prepareWork(program, server.address);
  const first = work.begin(server.address);
  await workedOn(first, KILLED_AFTER).finally(() => first.kill());
  const second = work.begin(server.address);
  const worked = (): string[] => [...new Set([...first.lines, ...second.lines])].sort();
  await vi.waitFor(() => expect(worked(), second.errors).toEqual(work.values), WAIT).finally(() => second.kill());
  // It goes on where the first one was, and does not begin again.
  expect(second.lines.length).toBeLessThan(RECORDS);
}

/** The broker that a program is connected to is killed: it goes on through another as the same member, where it was. */
export async function killBrokerOfSubscriber(program: Program): Promise<void> {
  await using cluster = await startCluster();
  const [broker, other] = cluster.brokers;
  if (broker === undefined || other === undefined) throw new Error('there are three brokers');
  using work = await prepareWork(program, other.address);
  const worker = work.begin(`${broker.address},${other.address}`);
  try {
    await workedOn(worker, KILLED_AFTER);
    const before = await work.group();
    await broker.kill();
    await vi.waitFor(() => expect([...new Set(worker.lines)].sort(), worker.errors).toEqual(work.values), WAIT);
    expect(before.memberIds).toHaveLength(1);
    expect(await work.group()).toEqual(before);
    // Again comes at most what it had not acknowledged, or what was acknowledged as the broker died.
    expect(worker.lines.length).toBeLessThan(RECORDS * 1.5);
  } finally {
    await worker.kill();
  }
}
