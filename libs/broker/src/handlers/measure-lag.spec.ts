import { partitionService } from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { SimCluster } from '../testing/sim-cluster.ts';

describe('the lag of a position', () => {
  it('is told by the leader, with the time of what comes next', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    await cluster.produce(1, topicId, ['a', 'b']);
    await cluster.runFor(1_000);
    await cluster.produce(1, topicId, ['c']);
    const positions = [0, 2, 3, Number.MAX_SAFE_INTEGER].map((offset) => ({ topicId, partition: 0, offset }));
    const { results } = await cluster.broker(1).call(partitionService.measureLag, { positions }, 'internal');
    expect(results.map(({ highWatermark, error }) => [highWatermark, error])).toEqual([3, 3, 3, 3].map((end) => [end, undefined]));
    const times = results.map(({ nextTimestampMs }) => nextTimestampMs);
    expect(times.slice(2)).toEqual([undefined, undefined]);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(1_000);
  });

  it('is not told by others', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    const positions = [{ topicId, partition: 0, offset: 0 }, { topicId: '00000000-0000-4000-8000-00000000ffff', partition: 0, offset: 0 }];
    const { results } = await cluster.broker(2).call(partitionService.measureLag, { positions }, 'internal');
    expect(results.map(({ error }) => error?.reason)).toEqual(['NOT_LEADER', 'UNKNOWN_TOPIC']);
  });
});
