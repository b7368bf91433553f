import { describe, expect, it } from 'vitest';
import { SimCluster } from '../testing/sim-cluster.ts';

const LINE = 'the disk is slow: others shall lead';

/** Produces as long as the leader confirms, or not. */
async function produceFor(cluster: SimCluster, topicId: string, durationMs: number): Promise<void> {
  for (let at = 0; at < durationMs; at += 250) await cluster.produce(1, topicId, [`${at}`], 250);
}

const slowBrokers = (cluster: SimCluster): number[] =>
  [1, 2, 3].filter((id) => cluster.broker(id).logger.lines.some(({ message }) => message === LINE));

describe('a disk that does not flush', () => {
  it('makes its broker say so while it leads and the others have flushed', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    await cluster.produce(1, topicId, ['a']);
    const hold = cluster.broker(1).disk.hold('sync');
    await produceFor(cluster, topicId, 3_000);
    expect(slowBrokers(cluster)).toEqual([1]);
    hold.release();
  });

  it('is no reason where nobody else flushes either, or where it is a follower', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    const holds = [1, 2, 3].map((id) => cluster.broker(id).disk.hold('sync'));
    await produceFor(cluster, topicId, 3_000);
    for (const hold of holds) hold.release();
    const follower = cluster.broker(3).disk.hold('sync');
    await produceFor(cluster, topicId, 3_000);
    expect(slowBrokers(cluster)).toEqual([]);
    follower.release();
  });
});
