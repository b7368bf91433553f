import { createMoldau, type Moldau, serdes } from '@moldau/client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { EXIT_CODES } from '../exit-code.ts';
import { startTestServer, type TestServer } from '../testing/server.ts';

const RECORDS = 10;
const WAIT = { timeout: 30_000, interval: 50 };
const TIMEOUT_MS = 60_000;

let server: TestServer;
let moldau: Moldau;

beforeAll(async () => {
  server = await startTestServer();
  moldau = createMoldau({ bootstrap: server.address });
  await out('topic', 'create', 'orders', '--partitions', '2');
  await using producer = moldau.producer({ valueSerializer: serdes.string });
  const sends = Array.from({ length: 2 * RECORDS }, (_, at) => producer.send({ topic: 'orders', partition: at % 2, value: `v${at}` }));
  await Promise.all(sends);
}, TIMEOUT_MS);

afterAll(async () => {
  await moldau?.close();
  await server?.dispose();
});

async function out(...argv: readonly string[]): Promise<string> {
  const outcome = await server.moldau(argv);
  expect(outcome, outcome.err).toMatchObject({ code: 0, err: '' });
  return outcome.out;
}

async function json<Result>(...argv: readonly string[]): Promise<Result> {
  return JSON.parse(await out(...argv, '-o', 'json')) as Result;
}

async function refusal(code: number, ...argv: readonly string[]): Promise<string> {
  const outcome = await server.moldau(argv);
  expect(outcome.code, outcome.err).toBe(code);
  return outcome.err;
}

async function committed(group: string): Promise<readonly (readonly [partition: number, offset: number | undefined])[]> {
  const [result] = await moldau.admin().describeGroups([group]);
  return result?.group?.partitions.map(({ partition, committedOffset }) => [partition, committedOffset] as const) ?? [];
}

/** The offset to which a reset goes, by what `--to` says and from where the one before went. */
const RESETS: readonly (readonly [to: string, offset: number])[] = [
  ['earliest', 0],
  ['latest', 10],
  ['4', 4],
  ['-3', 1],
  ['+2', 3],
  ['99', 10],
  ['-99', 0],
  ['@0', 0],
  ['2000-01-01T00:00:00Z', 0],
  ['0s', 10],
  ['1h', 0],
];

describe('moldau group reset-offsets', () => {
  it('goes to an end of the log, an offset, a shift, a time or a duration, of the partitions that are named', async () => {
    const reset = ['group', 'reset-offsets', 'forms', '--topic', 'orders/1', '--to'];
    for (const [to, expected] of RESETS) {
      const before = await committed('forms');
      const planned = await json<readonly { readonly from?: number; readonly to: number }[]>(...reset, to, '--dry-run');
      expect(planned, to).toMatchObject([{ partition: 1, to: expected, reset: false }]);
      expect(await committed('forms'), to).toEqual(before);
      expect(planned[0]?.from, to).toBe(before[0]?.[1]);
      expect(await json(...reset, to), to).toMatchObject([{ partition: 1, to: expected, reset: true }]);
      expect(await committed('forms'), to).toEqual([[1, expected]]);
    }
  });

  it('shifts nothing where nothing is committed, and goes to no offset below 0', async () => {
    const shift = ['group', 'reset-offsets', 'shifted', '--topic', 'orders/0', '--to', '+1'];
    expect(await refusal(EXIT_CODES.failed.code, ...shift)).toContain('INVALID_REQUEST');
    await refusal(EXIT_CODES.usage.code, 'group', 'reset-offsets', 'shifted', '--topic', 'orders/0', '--to', 'yesterday');
    expect(await committed('shifted')).toEqual([]);
  });
});

describe('moldau group delete-offsets', () => {
  it('forgets those of the partitions that are named, and in a dry run none', async () => {
    await out('group', 'reset-offsets', 'forgetful', '--to', 'latest', '--topic', 'orders');
    await out('group', 'delete-offsets', 'forgetful', 'orders/1', '--dry-run');
    expect(await committed('forgetful')).toHaveLength(2);
    const deleted = await json('group', 'delete-offsets', 'forgetful', 'orders/1');
    expect(deleted).toEqual([{ topic: 'orders', partition: 1, deleted: true }]);
    expect(await committed('forgetful')).toEqual([[0, 10]]);
    expect(await refusal(EXIT_CODES.failed.code, 'group', 'delete-offsets', 'forgetful', 'gone')).toContain('UNKNOWN_TOPIC');
  });
});

describe('moldau group config', () => {
  it('changes settings while the group runs, and tells its members', { timeout: TIMEOUT_MS }, async () => {
    await using consumer = moldau.consumer({ group: 'configured', topics: ['orders'] });
    const reading = consumer[Symbol.asyncIterator]();
    await reading.next();
    const set = ['--set', 'assignor=range', '--set', 'session.timeout.ms=3000', '--set', 'heartbeat.interval.ms=1000'];
    const config = ['group', 'config', 'configured'];
    expect(await out(...config, ...set, '--dry-run')).toBe('group configured: all settings have their defaults (--all shows them)\n');
    expect(await out(...config, ...set)).toMatch(/^SETTING +VALUE +SOURCE +DEFAULT\nassignor +range +group +sticky\nheartbeat/);
    const describeAll = async (): Promise<string> => out('group', 'describe', 'configured');
    await vi.waitFor(async () => expect(await describeAll()).toMatch(/assignor +range/), WAIT);
    const err = await refusal(EXIT_CODES.failed.code, ...config, '--set', 'heartbeat.interval.ms=1001');
    expect(err).toContain('at most a third of session.timeout.ms');
    expect(await refusal(EXIT_CODES.failed.code, ...config, '--set', 'assignor=fair')).toContain("'fair'");
    await out(...config, '--reset', 'assignor');
    await vi.waitFor(async () => expect(await describeAll()).toMatch(/assignor +sticky/), WAIT);
    const [{ memberId: before }] = await json<[{ readonly memberId: string }]>('group', 'members', 'configured');
    await new Promise((resolve) => setTimeout(resolve, 4_000)); // more than a session: a member that was not told would be removed
    const [{ memberId: after }] = await json<[{ readonly memberId: string }]>('group', 'members', 'configured');
    expect(after).toBe(before);
    const active = await refusal(EXIT_CODES.failed.code, 'group', 'reset-offsets', 'configured', '--to', 'earliest');
    expect(active).toContain('GROUP_NOT_EMPTY');
    expect(await refusal(EXIT_CODES.failed.code, 'group', 'delete-offsets', 'configured', 'orders')).toContain('GROUP_NOT_EMPTY');
  });

  it('is kept for a group that begins later', async () => {
    expect(await out('group', 'config', 'later', '--set', 'max.size=1')).toMatch(/max\.size +1 +group +10000/);
  });
});

describe('moldau group describe', () => {
  it('shows the lag fall as records are read and committed', async () => {
    const lag = async (): Promise<string | undefined> => /^lag +(\d+) records$/m.exec(await out('group', 'describe', 'falling'))?.[1];
    const consumer = moldau.consumer({ group: 'falling', topics: ['orders'], autoCommit: false });
    const seen: (string | undefined)[] = [];
    let read = 0;
    for await (const _ of consumer) {
      read += 1;
      if (read % RECORDS !== 0) continue;
      await consumer.commit();
      seen.push(await lag());
      if (read === 2 * RECORDS) break;
    }
    await consumer.close();
    expect(seen).toEqual(['10', '0']);
  });
});

describe('moldau transaction', () => {
  it('finds none that hang while a coordinator has them under way, and ends those by their id', async () => {
    await out('topic', 'create', 'results');
    await using producer = moldau.transactionalProducer({ transactionalId: 'billing', valueSerializer: serdes.string });
    const transaction = await producer.begin();
    await transaction.send({ topic: 'results', value: 'open' });
    expect(await out('producer', 'describe', 'results', '--open')).toMatch(/results +0 +\d+ /);
    expect(await json('transaction', 'find-hanging')).toEqual([]);
    expect(await json('transaction', 'find-hanging', 'results/0')).toEqual([]);
    expect(await refusal(EXIT_CODES.failed.code, 'transaction', 'find-hanging', 'gone')).toContain('UNKNOWN_TOPIC');
    const byPlace = ['transaction', 'abort', '--partition', 'results/0', '--start-offset'];
    expect(await refusal(EXIT_CODES.failed.code, ...byPlace, '0')).toContain("transactional id 'billing' has it under way");
    expect(await refusal(EXIT_CODES.failed.code, ...byPlace, '1', '--dry-run')).toContain('no transaction is open');
    await refusal(EXIT_CODES.usage.code, 'transaction', 'abort');
    await refusal(EXIT_CODES.usage.code, 'transaction', 'abort', '--partition', 'results/0');
    await refusal(EXIT_CODES.usage.code, 'transaction', 'abort', 'billing', '--start-offset', '0');
    expect(await out('transaction', 'abort', 'billing')).toBe('the transaction of billing is aborted\n');
    await expect(transaction.commit()).rejects.toMatchObject({ reason: 'TRANSACTION_ABORTED' });
    await transaction.abort();
  });
});
