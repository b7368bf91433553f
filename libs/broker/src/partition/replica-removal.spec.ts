import { describe, expect, it } from 'vitest';
import { SimCluster } from '../testing/sim-cluster.ts';

/** `file.delete.delay.ms` counts twice: before the replica goes, and before its files do. */
const GRACE_MS = 8_000;
const GONE_MS = 2 * GRACE_MS + 3_000;

async function started(): Promise<{ readonly cluster: SimCluster; readonly topicId: string; holds(id: number): boolean }> {
  const cluster = await SimCluster.started(4);
  const topicId = await cluster.topic({ configs: { 'file.delete.delay.ms': String(GRACE_MS) } });
  await cluster.produce(1, topicId, ['a']);
  const holds = (id: number): boolean =>
    cluster
      .broker(id)
      .disk.paths()
      .some((path) => path.includes(`/topics/${topicId}/0`));
  return { cluster, topicId, holds };
}

describe('a replica that was moved to another broker', () => {
  it('is kept for a grace, and then removed', async () => {
    const { cluster, topicId, holds } = await started();
    cluster.controller.partitions.change(topicId, { replicas: [1, 2, 4], isr: [1, 2] });
    await cluster.runFor(GRACE_MS - 2_000);
    expect(cluster.logOf(3, topicId).length).toBeGreaterThan(0);
    await cluster.runFor(GONE_MS - GRACE_MS);
    expect(holds(3)).toBe(false);
    expect([1, 2, 4].map(holds)).toEqual([true, true, true]);
    expect((await cluster.produce(1, topicId, ['b'])).error).toBeUndefined();
  });

  it('is removed too by a broker that was down when it was moved', async () => {
    const { cluster, topicId, holds } = await started();
    cluster.kill(3);
    cluster.controller.partitions.change(topicId, { replicas: [1, 2, 4], isr: [1, 2] });
    await cluster.restart(3);
    expect(holds(3)).toBe(true);
    await cluster.runFor(GONE_MS);
    expect(holds(3)).toBe(false);
  });

  it('goes on where it was when it comes back within the grace', async () => {
    const { cluster, topicId } = await started();
    cluster.controller.partitions.change(topicId, { replicas: [1, 2], isr: [1, 2] });
    await cluster.runFor(GRACE_MS / 2);
    cluster.controller.partitions.change(topicId, { replicas: [1, 2, 3] });
    await cluster.until('it is in sync', () => cluster.isrOf(topicId).length === 3);
    await cluster.runFor(GONE_MS);
    expect(cluster.logOf(3, topicId)).toEqual(cluster.logOf(1, topicId));
  });

  it('begins anew when it comes back after it was removed', async () => {
    const { cluster, topicId } = await started();
    cluster.controller.partitions.change(topicId, { replicas: [1, 2], isr: [1, 2] });
    await cluster.runFor(GRACE_MS + 3_000);
    cluster.controller.partitions.change(topicId, { replicas: [1, 2, 3] });
    await cluster.until('it is in sync', () => cluster.isrOf(topicId).length === 3);
    await cluster.runFor(GONE_MS);
    expect(cluster.logOf(3, topicId)).toEqual(cluster.logOf(1, topicId));
  });

  it('is kept while the partition is not whole without it: too few in sync, no leader, or moves that may be taken back', async () => {
    const { cluster, topicId, holds } = await started();
    for (const id of [2, 4]) cluster.kill(id);
    cluster.controller.partitions.change(topicId, { replicas: [1, 2, 4], isr: [1], elr: [2] });
    await cluster.runFor(GONE_MS);
    expect(holds(3)).toBe(true);
    cluster.controller.partitions.change(topicId, { minIsr: 1, adding: [4] });
    await cluster.runFor(GONE_MS);
    expect(holds(3)).toBe(true);
    cluster.controller.partitions.change(topicId, { adding: [], leader: undefined });
    await cluster.runFor(GONE_MS);
    expect(holds(3)).toBe(true);
  });

  it('is kept where it still has a right to lead', async () => {
    const { cluster, topicId, holds } = await started();
    cluster.controller.partitions.change(topicId, { replicas: [1, 2, 4], isr: [1, 2], lastKnownElr: [3] });
    await cluster.runFor(GONE_MS);
    expect(holds(3)).toBe(true);
  });
});
