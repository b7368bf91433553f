import { MoldauError } from '@moldau/kernel';
import { adminService, fetchService } from '@moldau/protocol';
import { SimDisk } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import { SimCluster } from '../testing/sim-cluster.ts';

describe('three replicas', () => {
  it('have the same bytes, and a record is confirmed once all in sync have flushed it', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    for (const value of ['a', 'b', 'c']) expect((await cluster.produce(1, topicId, [value])).error).toBeUndefined();
    await cluster.runFor(100);
    expect(cluster.logOf(1, topicId).length).toBeGreaterThan(0);
    expect(cluster.logOf(2, topicId)).toEqual(cluster.logOf(1, topicId));
    expect(cluster.logOf(3, topicId)).toEqual(cluster.logOf(1, topicId));
    expect(cluster.isrOf(topicId)).toEqual([1, 2, 3]);
  });

  it('go on without one of them once it has left the ISR, and take it back when it has caught up', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    await cluster.produce(1, topicId, ['a']);
    cluster.kill(3);
    expect((await cluster.produce(1, topicId, ['b'], 30_000)).error).toBeUndefined();
    expect(cluster.isrOf(topicId)).toEqual([1, 2]);
    await cluster.restart(3);
    await cluster.until('the replica is in sync again', () => cluster.isrOf(topicId).length === 3);
    await cluster.runFor(200);
    expect(cluster.logOf(3, topicId)).toEqual(cluster.logOf(1, topicId));
  });

  it('keep a stream to each broker that serves, also while they follow nothing there', async () => {
    const cluster = await SimCluster.started();
    let heard = 0;
    cluster.tamper = (path, bytes) => {
      if (path.endsWith('/Replicate')) heard += 1;
      return bytes;
    };
    const heardInASecond = async (): Promise<number> => {
      heard = 0;
      await cluster.runFor(1_000);
      return heard;
    };
    await cluster.runFor(1_000);
    // Two heartbeats a second from each of two brokers to each of three; no topic is there.
    expect(await heardInASecond()).toBe(12);
    cluster.kill(3);
    await cluster.runFor(10_000);
    expect(await heardInASecond()).toBe(4);
    await cluster.restart(3);
    await cluster.runFor(2_000);
    expect(await heardInASecond()).toBe(12);
  });

  it('refuse what asks for all of them when too few are in sync', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    cluster.controller.partitions.change(topicId, { isr: [1] });
    cluster.kill(2);
    cluster.kill(3);
    await cluster.runFor(100);
    expect((await cluster.produce(1, topicId, ['a'])).error?.reason).toBe('NOT_ENOUGH_REPLICAS');
  });

  it('answer from what is written where flush=async says so', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic({ flush: 'async' });
    const holds = [1, 2, 3].map((id) => cluster.broker(id).disk.hold('sync'));
    expect((await cluster.produce(1, topicId, ['a'], 500)).error).toBeUndefined();
    for (const hold of holds) hold.release();
  });

  it('wait for the slowest disk of those in sync where flush=sync says so', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    const hold = cluster.broker(3).disk.hold('sync');
    expect((await cluster.produce(1, topicId, ['a'], 500)).error?.reason).toBe('REQUEST_TIMED_OUT');
    expect(cluster.logOf(3, topicId)).toEqual(cluster.logOf(1, topicId));
    hold.release();
    expect((await cluster.produce(1, topicId, ['b'])).error).toBeUndefined();
  });

  it('go on when their leader is paused and another elected, and the former one finds its place when it wakes', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    await cluster.produce(1, topicId, ['a']);
    cluster.broker(1).process.pause();
    cluster.controller.partitions.elect(topicId, 2, [2, 3]);
    await cluster.runFor(100);
    expect((await cluster.produce(2, topicId, ['b'])).error).toBeUndefined();
    cluster.broker(1).process.resume();
    await cluster.until('the former leader is in sync', () => cluster.isrOf(topicId).length === 3);
    expect((await cluster.produce(1, topicId, ['c'])).error?.reason).toBe('NOT_LEADER');
    expect((await cluster.produce(2, topicId, ['c'])).error).toBeUndefined();
    await cluster.runFor(200);
    expect(cluster.logOf(1, topicId)).toEqual(cluster.logOf(2, topicId));
  });

  it('keep what was confirmed when their leader dies, and the former leader cuts what was not', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    await cluster.produce(1, topicId, ['a']);
    // The leader writes what nobody hears of.
    cluster.network.partition(['broker1'], ['broker2', 'broker3']);
    expect((await cluster.produce(1, topicId, ['lost'], 300)).error?.reason).toBe('REQUEST_TIMED_OUT');
    cluster.kill(1);
    cluster.network.heal();
    cluster.controller.partitions.elect(topicId, 2, [2, 3]);
    await cluster.runFor(100);
    expect((await cluster.produce(2, topicId, ['b'])).error).toBeUndefined();
    await cluster.restart(1);
    await cluster.until('the former leader is in sync', () => cluster.isrOf(topicId).length === 3);
    await cluster.runFor(200);
    expect(cluster.logOf(1, topicId)).toEqual(cluster.logOf(2, topicId));
    expect(cluster.logOf(3, topicId)).toEqual(cluster.logOf(2, topicId));
    expect(cluster.logOf(2, topicId).includes('lost')).toBe(false);
  });
});

describe('a replica', () => {
  it('with an empty disk is built from its leader, and joins when it has caught up', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    for (let count = 0; count < 20; count += 1) await cluster.produce(1, topicId, [`value ${count}`, 'x'.repeat(1000)]);
    cluster.kill(2);
    cluster.controller.partitions.change(topicId, { isr: [1, 3] });
    await cluster.restart(2, new SimDisk({ scheduler: cluster.broker(1).scheduler }));
    await cluster.until('the empty replica is in sync', () => cluster.isrOf(topicId).length === 3);
    await cluster.runFor(200);
    expect(cluster.logOf(2, topicId)).toEqual(cluster.logOf(1, topicId));
  });

  it('that is damaged is built anew from its leader, once it has no right to lead', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    for (const value of ['a', 'b', 'c']) await cluster.produce(1, topicId, [value]);
    await cluster.runFor(3_000);
    cluster.kill(2);
    cluster.controller.partitions.change(topicId, { isr: [1, 3] });
    const disk = cluster.broker(2).disk.kill();
    const log = disk.paths().find((path) => path.includes(topicId) && path.endsWith('.log')) ?? '';
    disk.corrupt(log, 30, 0xff);
    await cluster.restart(2, disk);
    await cluster.runFor(100);
    await cluster.until('the damaged replica is in sync', () => cluster.isrOf(topicId).length === 3);
    await cluster.runFor(200);
    expect(cluster.broker(2).logger.lines.map(({ message }) => message)).toContain('a damaged replica is built anew from its leader');
    expect(cluster.logOf(2, topicId)).toEqual(cluster.logOf(1, topicId));
  });

  it('that ends before its leader begins starts anew where the leader does', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    await cluster.produce(1, topicId, ['a']);
    cluster.kill(2);
    cluster.controller.partitions.change(topicId, { isr: [1, 3] });
    await cluster.produce(1, topicId, ['b', 'c']);
    await cluster.broker(1).call(adminService.deleteRecords, {
      partitions: [{ topicId, partition: 0, before: { $case: 'beforeOffset', value: 3 } }],
      dryRun: false,
    });
    await cluster.restart(2);
    await cluster.until('the replica is in sync', () => cluster.isrOf(topicId).length === 3);
    await cluster.produce(1, topicId, ['d']);
    await cluster.runFor(200);
    cluster.kill(1);
    cluster.kill(3);
    cluster.controller.partitions.elect(topicId, 2, [2]);
    cluster.controller.partitions.change(topicId, { minIsr: 1 });
    await cluster.runFor(200);
    const { results } = await cluster.broker(2).call(fetchService.listOffsets, {
      isolation: 0,
      queries: [
        { topicId, partition: 0, leaderEpoch: undefined, position: { $case: 'earliest', value: {} } },
        { topicId, partition: 0, leaderEpoch: undefined, position: { $case: 'latest', value: {} } },
      ],
    });
    expect(results.map(({ offset }) => offset)).toEqual([3, 4]);
  });

  it('that says nothing holds confirmations up until it leaves the ISR, and not longer', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    cluster.broker(3).process.pause();
    const began = cluster.broker(1).scheduler.nowMs;
    expect((await cluster.produce(1, topicId, ['a'], 30_000)).error).toBeUndefined();
    expect(cluster.broker(1).scheduler.nowMs - began).toBeGreaterThan(9_000);
    expect(cluster.broker(1).scheduler.nowMs - began).toBeLessThan(12_000);
    expect(cluster.isrOf(topicId)).toEqual([1, 2]);
    cluster.broker(3).process.resume();
    await cluster.until('it is in sync again', () => cluster.isrOf(topicId).length === 3);
    expect(cluster.logOf(3, topicId)).toEqual(cluster.logOf(1, topicId));
  });

  it('that is cut off in the middle of what it is sent goes on where its log ends', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    for (let count = 0; count < 10; count += 1) {
      const producing = cluster.produce(1, topicId, [`${count}`.repeat(40_000)], 20_000);
      cluster.network.reset('broker1', 'broker2');
      expect((await producing).error).toBeUndefined();
    }
    await cluster.runFor(2_000);
    expect(cluster.logOf(2, topicId)).toEqual(cluster.logOf(1, topicId));
  });

  it('refuses batches that were damaged on their way, and asks for them again', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    await cluster.produce(1, topicId, ['a']);
    let damaged = 0;
    cluster.tamper = (path, bytes) => {
      const at = path.endsWith('/Replicate') ? Buffer.from(bytes).indexOf('precious') : -1;
      if (at < 0 || damaged > 2) return bytes;
      damaged += 1;
      const copy = bytes.slice();
      copy[at] = 0;
      return copy;
    };
    expect((await cluster.produce(1, topicId, ['precious'])).error).toBeUndefined();
    expect((await cluster.produce(1, topicId, ['b'])).error).toBeUndefined();
    await cluster.runFor(100);
    expect(damaged).toBe(3);
    expect(cluster.logOf(2, topicId)).toEqual(cluster.logOf(1, topicId));
    expect(cluster.logOf(3, topicId)).toEqual(cluster.logOf(1, topicId));
  });

  it('with what an unclean election has lost gives it up, though it was confirmed', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    await cluster.produce(1, topicId, ['a']);
    cluster.kill(2);
    cluster.kill(3);
    cluster.controller.partitions.change(topicId, { isr: [1], minIsr: 1 });
    await cluster.runFor(100);
    expect((await cluster.produce(1, topicId, ['lost'])).error).toBeUndefined();
    cluster.kill(1);
    await cluster.restart(2);
    const { leaderEpoch } = cluster.controller.partitions.record(topicId);
    const leaderBrokerEpoch = cluster.controller.brokerEpoch(2);
    const lossy = leaderEpoch + 1;
    cluster.controller.partitions.change(topicId, { leader: 2, leaderBrokerEpoch, leaderEpoch: lossy, lossyEpoch: lossy, isr: [2] });
    await cluster.runFor(100);
    expect((await cluster.produce(2, topicId, ['b'])).error).toBeUndefined();
    await cluster.restart(1);
    await cluster.until('the former leader is in sync', () => cluster.isrOf(topicId).length === 2);
    await cluster.runFor(200);
    expect(cluster.logOf(1, topicId)).toEqual(cluster.logOf(2, topicId));
    expect(cluster.logOf(1, topicId).includes('lost')).toBe(false);
  });

  it('that cuts nothing forgets an epoch that it began and wrote nothing in', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    // Broker 2 has what broker 1 has not, in an older epoch.
    cluster.network.partition(['broker2'], ['broker1', 'broker3']);
    cluster.controller.partitions.elect(topicId, 2, [1, 2, 3]);
    await cluster.runFor(100);
    expect((await cluster.produce(2, topicId, ['kept'], 300)).error?.reason).toBe('REQUEST_TIMED_OUT');
    cluster.controller.partitions.elect(topicId, 1, [1, 2, 3]);
    await cluster.runFor(100);
    cluster.controller.partitions.elect(topicId, 2, [1, 2, 3]);
    cluster.network.heal();
    await cluster.runFor(25_000);
    expect((await cluster.produce(2, topicId, ['b'])).error).toBeUndefined();
    await cluster.runFor(200);
    expect(cluster.logOf(2, topicId).includes('kept')).toBe(true);
    expect(cluster.logOf(1, topicId)).toEqual(cluster.logOf(2, topicId));
    expect(cluster.logOf(3, topicId)).toEqual(cluster.logOf(2, topicId));
  });

  it('does not count for more than is confirmed while its proposal is under way or refused', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    cluster.controller.partitions.refusal = new MoldauError('CONCURRENT_CHANGE', 'refused', {});
    cluster.kill(3);
    const [late] = [await cluster.produce(1, topicId, ['a'], 15_000)];
    expect(late.error?.reason).toBe('REQUEST_TIMED_OUT');
    expect(cluster.controller.partitions.proposals.length).toBeGreaterThan(1);
    cluster.controller.partitions.refusal = undefined;
    expect((await cluster.produce(1, topicId, ['b'])).error).toBeUndefined();
  });
});
