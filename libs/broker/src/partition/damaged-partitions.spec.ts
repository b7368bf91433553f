import { describe, expect, it } from 'vitest';
import { SimCluster } from '../testing/sim-cluster.ts';

const VALUES = Array.from({ length: 20 }, (_, index) => `value ${index} ${'x'.repeat(200)}`);
/** Places in the log where one bit is turned. */
const POSITIONS = 12;

interface Made {
  readonly cluster: SimCluster;
  readonly topicId: string;
  readonly bytes: number;
}

async function written(): Promise<Made> {
  const cluster = await SimCluster.started();
  const topicId = await cluster.topic();
  for (const value of VALUES) await cluster.produce(1, topicId, [value]);
  await cluster.runFor(3_000);
  return { cluster, topicId, bytes: cluster.logOf(1, topicId).length };
}

function leaderOf({ cluster, topicId }: Made): number {
  return cluster.controller.partitions.record(topicId).leader ?? 0;
}

function logPath({ cluster, topicId }: Made, id: number): string {
  return (
    cluster
      .broker(id)
      .disk.paths()
      .find((path) => path.includes(`${topicId}/0/`) && path.endsWith('.log')) ?? ''
  );
}

/** How often a replica of that broker was built anew. */
function rebuilds({ cluster }: Made, id: number): number {
  return cluster.broker(id).logger.lines.filter(({ message }) => message.startsWith('a damaged replica is built anew')).length;
}

/** All replicas are in sync again, take a record, and have the same bytes, in which nothing is missing. */
async function mended(made: Made, victim: number, before: number): Promise<void> {
  const { cluster, topicId } = made;
  await cluster.until('the damage is found', () => rebuilds(made, victim) > before);
  await cluster.until('all are in sync again', () => cluster.isrOf(topicId).length === 3);
  expect((await cluster.produce(leaderOf(made), topicId, [`after ${before}`])).error).toBeUndefined();
  await cluster.runFor(1_500);
  const logs = [1, 2, 3].map((id) => cluster.logOf(id, topicId));
  expect(logs[1]).toEqual(logs[0]);
  expect(logs[2]).toEqual(logs[0]);
  expect(VALUES.every((value) => logs[0]?.includes(value))).toBe(true);
}

/** Each position of the log in turn. */
function positions({ bytes }: Made): number[] {
  return Array.from({ length: POSITIONS }, (_, index) => Math.floor((index * (bytes - 1)) / (POSITIONS - 1)));
}

describe('a bit that turns in the log of a running broker', () => {
  it.each(['a follower', 'the leader'])('costs %s its rights at once, and is mended from the others', async (who) => {
    const made = await written();
    const { cluster, topicId } = made;
    for (const [count, position] of positions(made).entries()) {
      const leader = leaderOf(made);
      const victim = who === 'the leader' ? leader : (leader % 3) + 1;
      const before = rebuilds(made, victim);
      cluster.broker(victim).disk.corrupt(logPath(made, victim), position, 1 << (count % 8));
      await mended(made, victim, before);
      if (who === 'the leader') expect(leaderOf(made)).not.toBe(leader);
    }
    expect(cluster.controller.partitions.record(topicId).leaderEpoch).toBe(who === 'the leader' ? 1 + POSITIONS : 1);
  });
});

describe('a bit that turned while a broker was down', () => {
  it('is found at its start or by its scrub, never served, and mended from the others', async () => {
    const made = await written();
    const { cluster, topicId } = made;
    for (const [count, position] of positions(made).entries()) {
      const victim = (leaderOf(made) % 3) + 1;
      const path = logPath(made, victim);
      cluster.kill(victim);
      cluster.controller.partitions.condemn(topicId, 0, victim);
      const disk = cluster.broker(victim).disk.kill();
      disk.corrupt(path, position, 1 << (count % 8));
      await cluster.restart(victim, disk);
      await cluster.until('all are in sync again', () => cluster.isrOf(topicId).length === 3);
      await cluster.runFor(1_500);
      expect(cluster.logOf(victim, topicId)).toEqual(cluster.logOf(leaderOf(made), topicId));
    }
    const log = cluster.logOf(1, topicId);
    expect(VALUES.every((value) => log.includes(value))).toBe(true);
  });
});

describe('damage of all replicas', () => {
  it('leaves the partition offline with its data kept, and serves nothing of it', async () => {
    const made = await written();
    const { cluster, topicId } = made;
    cluster.kill(2);
    cluster.kill(3);
    cluster.controller.partitions.change(topicId, { isr: [1] });
    const before = cluster.logOf(1, topicId).length;
    cluster.broker(1).disk.corrupt(logPath(made, 1), 100, 1);
    await cluster.until('it is found', () => cluster.isrOf(topicId).length === 0);
    expect((await cluster.produce(1, topicId, ['x'])).error?.reason).toBe('PARTITION_OFFLINE');
    expect(cluster.logOf(1, topicId)).toHaveLength(before);
  });
});
