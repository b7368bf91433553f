import { randomUUID } from 'node:crypto';
import { spawnStandalone } from '@moldau/harness';
import { expect, vi } from 'vitest';
import { protoClient } from './proto-client.ts';
import type { ForeignClient } from './toolchain/foreign-client.ts';
import { WorkerProcess } from './worker-process.ts';

const WAIT = { timeout: 30_000, interval: 20 };
const RECORDS = 300;
/** Worked on before the first program is killed. */
const KILLED_AFTER = 60;

/** A program works on a topic, is killed in the middle, and another takes its place: every record was worked on by one of them. */
export async function killAndReplaceSubscriber({ command, parameters }: Extract<ForeignClient, { kind: 'built' }>): Promise<void> {
  await using server = await spawnStandalone();
  const gateway = await protoClient('moldau/v1/gateway.proto', 'moldau.v1.GatewayService', server.address);
  const admin = await protoClient('moldau/v1/admin.proto', 'moldau.v1.AdminService', server.address);
  const topic = `work-${randomUUID()}`;
  await admin.call('CreateTopics', { topics: [{ name: topic, partitions: 3 }] });
  const values = Array.from({ length: RECORDS }, (_, index) => `record ${index}`);
  await gateway.call('Publish', { topic, records: values.map((value) => ({ key: Buffer.from(value), value: Buffer.from(value) })) });

  const begin = (): WorkerProcess => new WorkerProcess(command, [...parameters, server.address, 'workers', topic]);
  const first = begin();
  await vi.waitFor(() => expect(first.lines.length, first.errors).toBeGreaterThan(KILLED_AFTER), WAIT).finally(() => first.kill());
  const second = begin();
  const worked = (): string[] => [...new Set([...first.lines, ...second.lines])].sort();
  await vi.waitFor(() => expect(worked(), second.errors).toEqual([...values].sort()), WAIT).finally(() => second.kill());
  // It goes on where the first one was, and does not begin again.
  expect(second.lines.length).toBeLessThan(RECORDS);
  for (const client of [gateway, admin]) client.close();
}
