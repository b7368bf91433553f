import { ConfigRecord, encodeMessage } from '@moldau/protocol';
import { SimScheduler } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import { SimCluster } from '../testing/sim-cluster.ts';
import { CopyThrottle, UNLIMITED_BYTES_PER_SECOND } from './copy-throttle.ts';

const RATE = 'follower.replication.throttled.rate';
const RECORDS = 40;
const RECORD_BYTES = 50_000;

function setRate(cluster: SimCluster, rate: number | undefined): void {
  const values = new Map(rate === undefined ? [] : [[RATE, String(rate)]]);
  cluster.controller.write({ 'configs/cluster': encodeMessage(ConfigRecord, { values }) });
}

/** Four brokers, and a partition of 2 MB on three of them. */
async function filled(): Promise<{ readonly cluster: SimCluster; readonly topicId: string }> {
  const cluster = await SimCluster.started(4);
  const topicId = await cluster.topic();
  for (let count = 0; count < RECORDS; count += 1) await cluster.produce(1, topicId, [String(count % 10).repeat(RECORD_BYTES)]);
  return { cluster, topicId };
}

describe('a throttle', () => {
  it('gives what its rate allows, and makes up for a quarter of a second at most', async () => {
    const scheduler = new SimScheduler();
    let rate = 1_000;
    const throttle = new CopyThrottle(scheduler.createProcess().clock, () => rate);
    expect(throttle.limits).toBe(true);
    expect(throttle.take(100)).toBe(0);
    await scheduler.runFor(100);
    expect([throttle.take(60), throttle.take(60)]).toEqual([60, 40]);
    await scheduler.runFor(10_000);
    expect(throttle.take(10_000)).toBe(250);
    rate = UNLIMITED_BYTES_PER_SECOND;
    expect(throttle.limits).toBe(false);
  });
});

describe('a replica that a reassignment adds', () => {
  it('copies no faster than the throttle says, which holds nobody else back, and joins when it has everything', async () => {
    const { cluster, topicId } = await filled();
    setRate(cluster, 200_000);
    await cluster.runFor(100);
    const beganMs = cluster.broker(1).scheduler.nowMs;
    cluster.controller.partitions.change(topicId, { replicas: [1, 2, 3, 4], adding: [4] });
    await cluster.runFor(3_000);
    const copied = cluster.logOf(4, topicId).length;
    expect(copied).toBeGreaterThan(300_000);
    expect(copied).toBeLessThan(3 * 200_000 + 50_000 + 2 * RECORD_BYTES);
    const producedMs = cluster.broker(1).scheduler.nowMs;
    expect((await cluster.produce(1, topicId, ['meanwhile'])).error).toBeUndefined();
    expect(cluster.broker(1).scheduler.nowMs - producedMs).toBeLessThan(200);
    expect(cluster.isrOf(topicId)).toEqual([1, 2, 3]);
    await cluster.until('it is in sync', () => cluster.isrOf(topicId).length === 4);
    const tookMs = cluster.broker(1).scheduler.nowMs - beganMs;
    expect(tookMs).toBeGreaterThan(((RECORDS * RECORD_BYTES) / 200_000) * 1_000 - 1_000);
    expect(tookMs).toBeLessThan(15_000);
    await cluster.runFor(200);
    expect(cluster.logOf(4, topicId)).toEqual(cluster.logOf(1, topicId));
  });

  it('copies as fast as it can once the throttle is lifted', async () => {
    const { cluster, topicId } = await filled();
    setRate(cluster, 1_000);
    cluster.controller.partitions.change(topicId, { replicas: [1, 2, 3, 4], adding: [4] });
    await cluster.runFor(2_000);
    expect(cluster.isrOf(topicId)).toEqual([1, 2, 3]);
    setRate(cluster, undefined);
    await cluster.runFor(1_000);
    expect(cluster.isrOf(topicId)).toEqual([1, 2, 3, 4]);
  });

  it('is not throttled once it is in sync, nor is one that fell behind: no throttle shrinks an ISR', async () => {
    const { cluster, topicId } = await filled();
    cluster.controller.partitions.change(topicId, { replicas: [1, 2, 3, 4], adding: [4] });
    await cluster.until('it is in sync', () => cluster.isrOf(topicId).length === 4);
    setRate(cluster, 1_000);
    for (let count = 0; count < 5; count += 1) {
      const beganMs = cluster.broker(1).scheduler.nowMs;
      expect((await cluster.produce(1, topicId, ['y'.repeat(RECORD_BYTES)])).error).toBeUndefined();
      expect(cluster.broker(1).scheduler.nowMs - beganMs).toBeLessThan(500);
    }
    cluster.kill(3);
    cluster.controller.partitions.change(topicId, { isr: [1, 2, 4] });
    for (let count = 0; count < 5; count += 1) await cluster.produce(1, topicId, ['z'.repeat(RECORD_BYTES)]);
    await cluster.restart(3);
    await cluster.runFor(2_000);
    expect(cluster.isrOf(topicId)).toEqual([1, 2, 3, 4]);
  });
});
