import { describe, expect, it } from 'vitest';
import { active, createTopic, partitionAt, startCluster, topicNamed } from './testing/started-cluster.ts';

describe('a broker whose disk is slow', () => {
  it('leads nothing and is in no ISR that is large enough without it, while it says so', async () => {
    const cluster = await startCluster(1, 3);
    const { sim, brokers } = cluster;
    await createTopic(cluster, 'orders', 6, 3);
    const [slow, other] = [brokers[0]!, brokers[1]!];
    const counts = (id: number): boolean =>
      topicNamed(sim, 'orders').partitions.some((partition) => partition?.leader === id || partition?.isr.includes(id as never) === true);
    slow.slowDisk = true;
    await sim.until('its leaders have moved', () => !counts(0), 2_000);
    expect(partitionAt(sim, 'orders').isr).toHaveLength(2);
    // Another one that says so is one too many.
    other.slowDisk = true;
    await sim.scheduler.runFor(3_000);
    expect(counts(1)).toBe(true);
    const slowNow = (): readonly number[] => [
      ...active(sim)
        .coordinator.image()
        .brokers.filter(({ slowDisk }) => slowDisk)
        .keys(),
    ];
    expect(slowNow()).toEqual([0]);
    // Its turn comes when the first is well.
    slow.slowDisk = false;
    await sim.until('the other is believed', () => slowNow()[0] === 1, 3_000);
    other.slowDisk = false;
    await sim.until('all are well', () => slowNow().length === 0, 3_000);
  });

  it('is not held to be slow any more in its next life', async () => {
    const { sim, brokers } = await startCluster(2, 3);
    const isSlow = (): boolean | undefined =>
      active(sim)
        .coordinator.image()
        .brokers.get(0 as never)?.slowDisk;
    brokers[0]!.slowDisk = true;
    await sim.until('it is believed', () => isSlow() === true, 2_000);
    brokers[0]!.kill();
    const { name, directoryId } = brokers[0]!;
    const next = sim.broker(0, { name, directoryId }).start();
    await sim.until('it serves again', () => next.serving());
    expect(isSlow()).toBe(false);
  });
});
