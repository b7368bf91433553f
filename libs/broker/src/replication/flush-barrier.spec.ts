import { FlushMode } from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { SimCluster } from '../testing/sim-cluster.ts';

/** A topic of flush=async that has been told to become sync, as its controller records it. */
async function toSync(cluster: SimCluster, topicId: string): Promise<void> {
  cluster.controller.configure(topicId, { flush: 'sync' });
  cluster.controller.partitions.change(topicId, { flush: FlushMode.SYNCING });
  await cluster.runFor(50);
}

describe('a partition on its way from flush=async to sync', () => {
  it('arrives once every member of the ISR has flushed what was acknowledged before; new records wait for flushes at once', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic({ flush: 'async', configs: { flush: 'async' } });
    const hold = cluster.broker(3).disk.hold('sync');
    expect((await cluster.produce(1, topicId, ['a'], 500)).error).toBeUndefined();
    await toSync(cluster, topicId);
    expect((await cluster.produce(1, topicId, ['b'], 500)).error?.reason).toBe('REQUEST_TIMED_OUT');
    await cluster.runFor(2_000);
    expect(cluster.controller.partitions.record(topicId).flush).toBe(FlushMode.SYNCING);
    hold.release();
    await cluster.until('it has arrived', () => cluster.controller.partitions.record(topicId).flush === FlushMode.SYNC);
    expect(cluster.isrOf(topicId)).toEqual([1, 2, 3]);
    expect((await cluster.produce(1, topicId, ['c'])).error).toBeUndefined();
    // A power loss of all costs nothing of it now.
    const logs = [1, 2, 3].map((id) => cluster.broker(id).disk.crash());
    for (const disk of logs) {
      const path = disk.paths().find((each) => each.includes(topicId) && each.endsWith('.log')) ?? '';
      const bytes = Buffer.from(disk.contents(path));
      expect(['a', 'b', 'c'].filter((value) => !bytes.includes(value))).toEqual([]);
    }
  });

  it('does not wait for a replica that left the ISR, and not at all where there is one replica', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic({ flush: 'async', configs: { flush: 'async' } });
    const alone = cluster.controller.createTopic('alone', { flush: 'async', configs: { flush: 'async' } });
    await cluster.runFor(100);
    await cluster.produce(1, alone, ['a']);
    await cluster.produce(1, topicId, ['a']);
    cluster.kill(3);
    await toSync(cluster, topicId);
    await toSync(cluster, alone);
    await cluster.until('both have arrived', () =>
      [topicId, alone].every((id) => cluster.controller.partitions.record(id).flush === FlushMode.SYNC),
    );
    expect(cluster.isrOf(topicId)).toEqual([1, 2]);
  });

  it('waits under another leader for all that an earlier one may have acknowledged', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic({ flush: 'async', configs: { flush: 'async' } });
    const hold = cluster.broker(3).disk.hold('sync');
    for (const value of ['a', 'b', 'c']) await cluster.produce(1, topicId, [value], 500);
    cluster.controller.partitions.elect(topicId, 2, [1, 2, 3]);
    await toSync(cluster, topicId);
    await cluster.runFor(2_000);
    expect(cluster.controller.partitions.record(topicId).flush).toBe(FlushMode.SYNCING);
    hold.release();
    await cluster.until('it has arrived', () => cluster.controller.partitions.record(topicId).flush === FlushMode.SYNC);
  });
});
