import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT_CODES } from '../exit-code.ts';
import type { Outcome } from '../testing/moldau.ts';
import { startTestServer, type TestServer } from '../testing/server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await out('topic', 'create', 'orders', '--partitions', '2');
});

afterAll(() => server.dispose());

async function out(...argv: readonly string[]): Promise<string> {
  const outcome = await server.moldau(argv);
  expect(outcome, outcome.err).toMatchObject({ code: 0, err: '' });
  return outcome.out;
}

async function refused(code: number, ...argv: readonly string[]): Promise<Outcome> {
  const outcome = await server.moldau(argv);
  expect(outcome.code, outcome.err).toBe(code);
  return outcome;
}

describe('moldau broker', () => {
  it('cordon keeps replicas away until uncordon', async () => {
    expect(await out('broker', 'cordon', '1', '--dry-run')).toBe('broker 1 would be cordoned\n');
    expect(await out('broker', 'list')).toContain('unfenced  ');
    expect(await out('broker', 'cordon', '1')).toBe('broker 1 cordoned\n');
    expect(await out('broker', 'list')).toContain('unfenced, cordoned');
    expect(await out('cluster', 'describe')).toContain('unfenced, cordoned');
    expect(await out('cluster', 'health')).toMatch(/cordoned +1\n/);
    expect((await refused(EXIT_CODES.failed.code, 'topic', 'create', 'more')).err).toContain('INVALID_REPLICATION_FACTOR');
    expect(JSON.parse(await out('broker', 'uncordon', '1', '-o', 'json'))).toEqual([{ brokerId: 1, cordoned: false, dryRun: false }]);
    expect((await refused(EXIT_CODES.failed.code, 'broker', 'cordon', '9')).err).toContain('UNKNOWN_BROKER: no broker 9');
    await refused(EXIT_CODES.usage.code, 'broker', 'cordon', 'one');
  });

  it('drain is refused where the replicas could go nowhere, and tells how far it is', async () => {
    const { err } = await refused(EXIT_CODES.failed.code, 'broker', 'drain', '1', '--wait');
    expect(err).toContain('INVALID_REPLICA_ASSIGNMENT: 2 of the 2 replicas of broker 1 could go nowhere');
    expect(await out('broker', 'drain', '1', '--status')).toMatch(
      /^BROKER +DRAINING +REPLICAS +LEADERS +MOVING +STUCK\n1 +no +2 +2 +0 +2\n$/,
    );
    expect(JSON.parse(await out('broker', 'drain', '1', '--cancel', '-o', 'json'))).toMatchObject([{ brokerId: 1, draining: false }]);
    await refused(EXIT_CODES.usage.code, 'broker', 'drain', '1', '--status', '--cancel');
  });

  it('scale does nothing where the brokers are those of the count, and is refused where replicas could go nowhere', async () => {
    expect(await out('broker', 'scale', '2')).toBe('nothing to do for 2 brokers\n');
    expect(await out('broker', 'scale', '2', '--forget')).toBe('nothing to do for 2 brokers\n');
    // The server's broker has id 1: of one broker it is the one too many.
    const { err } = await refused(EXIT_CODES.failed.code, 'broker', 'scale', '1', '--wait');
    expect(err).toContain('INVALID_REPLICA_ASSIGNMENT: 2 of the 2 replicas of broker 1 could go nowhere');
    expect((await refused(EXIT_CODES.failed.code, 'broker', 'scale', '1', '--forget', '--dry-run')).err).toContain('BROKER_NOT_REMOVABLE');
    await refused(EXIT_CODES.usage.code, 'broker', 'scale', '0');
    await refused(EXIT_CODES.usage.code, 'broker', 'scale', '1', '--wait', '--forget');
    expect(await out('cluster', 'health')).not.toMatch(/cordoned/);
  });

  it('health --wait returns at once where no waiting helps, and goes with --safe-to-stop only', async () => {
    const startedAt = performance.now();
    await refused(EXIT_CODES.unhealthy.code, 'cluster', 'health', '--safe-to-stop', '1', '--wait', '15000');
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    await refused(EXIT_CODES.usage.code, 'cluster', 'health', '--wait', '1000');
  });
});

describe('moldau partition reassign', () => {
  it('refuses what can not be, each with its name, and takes the others', async () => {
    const { err } = await refused(EXIT_CODES.failed.code, 'partition', 'reassign', 'orders/0=7', 'orders/1=1,1', 'orders/5=1', 'gone/0=1');
    expect(err).toContain('UNKNOWN_BROKER: no broker 7 is registered');
    expect(err).toContain('orders/1: INVALID_REPLICA_ASSIGNMENT: replicas 1, 1: broker 1 is named twice');
    expect(err).toContain('orders/5: UNKNOWN_PARTITION');
    expect(err).toContain('gone/0: UNKNOWN_TOPIC');
    expect(await out('partition', 'reassign', 'orders/0=1', '--wait')).toBe('orders/0 moved to 1\n');
    expect(await out('partition', 'reassign', 'orders/0=1', '--dry-run')).toBe('orders/0 would be moved to 1\n');
    for (const wrong of [
      ['orders=1'],
      ['orders/0='],
      ['orders/x=1'],
      ['orders/0=1', '--plan', 'x'],
      ['--topic', 'orders'],
      ['--generate'],
    ]) {
      await refused(EXIT_CODES.usage.code, 'partition', 'reassign', ...wrong);
    }
  });

  it('shows and takes back what is under way: nothing here', async () => {
    expect(await out('partition', 'reassign')).toBe('nothing is being moved\n');
    expect(await out('partition', 'reassign', '--cancel')).toBe('nothing is being moved\n');
    expect((await refused(EXIT_CODES.failed.code, 'partition', 'reassign', '--cancel', 'orders/0')).err).toContain('NO_REASSIGNMENT');
  });

  it('takes a plan from a file or standard input, and makes one', async () => {
    const plan = JSON.stringify({ version: 1, partitions: [{ topic: 'orders', partition: 1, replicas: [1] }] });
    const read = await server.moldau(['partition', 'reassign', '--plan', '-', '--dry-run'], { input: plan });
    expect(read).toMatchObject({ code: 0, out: 'orders/1 would be moved to 1\n' });
    expect((await refused(EXIT_CODES.failed.code, 'partition', 'reassign', '--plan', '/nowhere/plan.json')).err).toContain(
      '/nowhere/plan.json',
    );
    expect(await out('partition', 'reassign', '--topic', 'orders', '--to', '1')).toBe('nothing has to be moved\n');
    const made = await out('partition', 'reassign', '--topic', 'orders', '--to', '5', '--generate');
    expect(JSON.parse(made)).toEqual({
      version: 1,
      partitions: [0, 1].map((partition) => ({ topic: 'orders', partition, replicas: [5] })),
    });
  });

  it('sets a throttle, and lifts it', async () => {
    await out('partition', 'reassign', '--throttle', '1000000');
    await out('partition', 'reassign', '--throttle', 'none');
    await refused(EXIT_CODES.usage.code, 'partition', 'reassign', '--throttle', '0');
  });
});

describe('moldau partition elect-leader', () => {
  it('is no error where nothing has to be done', async () => {
    expect(await out('partition', 'elect-leader')).toBe('no partition needs an election\n');
    expect(await out('partition', 'elect-leader', 'orders/0')).toBe('orders/0 needs no election\n');
    expect(JSON.parse(await out('partition', 'elect-leader', 'orders/0', '-o', 'json'))).toEqual([
      { topic: 'orders', partition: 0, elected: false, needed: false },
    ]);
    expect(await out('partition', 'elect-leader', '--unclean', 'orders')).toBe('no partition needs an election\n');
    expect(await out('partition', 'elect-leader', '--unclean', 'orders/1')).toBe('orders/1 needs no election\n');
    expect((await refused(EXIT_CODES.failed.code, 'partition', 'elect-leader', 'orders/9')).err).toContain('UNKNOWN_PARTITION');
  });

  it('takes the dangerous way only by its name, for partitions that are named', async () => {
    for (const wrong of [['--unclean'], ['--accept-loss'], ['orders', '--preferred', '--unclean']]) {
      await refused(EXIT_CODES.usage.code, 'partition', 'elect-leader', ...wrong);
    }
  });
});

describe('moldau cluster health', () => {
  it('says whether a broker may be stopped: not the only one that has a partition', async () => {
    expect(await out('cluster', 'health')).toMatch(/safe to stop +none\n/);
    await refused(EXIT_CODES.unhealthy.code, 'cluster', 'health', '--safe-to-stop', '1');
    expect((await refused(EXIT_CODES.failed.code, 'cluster', 'health', '--safe-to-stop', '4')).err).toContain('UNKNOWN_BROKER');
  });
});

describe('moldau topic describe', () => {
  it('shows how replicas stand', async () => {
    expect(await out('topic', 'describe', 'orders')).toMatch(/ELR +LAG +START +END +BYTES\n0 +1 +\d+ +1 +1 +- +- +0 +0 +0\n/);
    expect(JSON.parse(await out('topic', 'describe', 'orders', '-o', 'json'))).toMatchObject([
      { partitions: [{ replicaStates: [{ brokerId: 1, inSync: true, lagRecords: 0 }], adding: [] }, { partition: 1 }] },
    ]);
  });
});
