import { callUnary, type LagPosition, type MeasuredLag, partitionService } from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { SimTransactions } from '../testing/fake-transactions.ts';
import { SimCluster } from '../testing/sim-cluster.ts';

async function measure(cluster: SimCluster, broker: number, positions: LagPosition[]): Promise<readonly MeasuredLag[]> {
  const { network, scheduler } = cluster.broker(1);
  const { connector } = network.node('coordinator-2', scheduler.createProcess().scheduler);
  const channel = connector.connect(`broker${broker}:9093`);
  const call = callUnary(channel, partitionService.measureLag, { positions }, { timeoutMs: 1_000 });
  return (await scheduler.until(call)).results;
}

describe('the lag of a position', () => {
  it('is told by the leader, with the time of what comes next', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    await cluster.produce(1, topicId, ['a', 'b']);
    await cluster.produce(1, topicId, ['c']);
    const positions = [0, 2, 3, Number.MAX_SAFE_INTEGER].map((offset) => ({ topicId, partition: 0, offset }));
    const results = await measure(cluster, 1, positions);
    expect(results.map(({ highWatermark, error }) => [highWatermark, error])).toEqual([3, 3, 3, 3].map((end) => [end, undefined]));
    expect(results.map(({ nextTimestampMs }) => nextTimestampMs !== undefined)).toEqual([true, true, false, false]);
  });

  it('is not told by others', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    const unknown = '00000000-0000-4000-8000-00000000ffff';
    const results = await measure(
      cluster,
      2,
      [topicId, unknown].map((id) => ({ topicId: id, partition: 0, offset: 0 })),
    );
    expect(results.map(({ error }) => error?.reason)).toEqual(['NOT_LEADER', 'UNKNOWN_TOPIC']);
  });

  it('counts no markers of transactions before the first record', async () => {
    const rig = await SimTransactions.started();
    const topicId = await rig.sim.topic('orders');
    const session = { transactionalId: 'tx', producerId: 9, producerEpoch: 0 };
    const ended = { producerId: 9, producerEpoch: 1, outcome: 'commit' as const };
    const look = async (): Promise<unknown> => {
      const { highWatermark, readFrom, nextTimestampMs } = (await rig.lag([{ topicId, partition: 0, offset: 1 }]))[0] ?? {};
      return [highWatermark, readFrom, nextTimestampMs !== undefined];
    };
    await rig.produce(topicId, session, [['a']]);
    expect(await look()).toEqual([1, 0, false]);
    await rig.mark(topicId, [ended]);
    expect(await look()).toEqual([2, 2, false]);
    await rig.produce(topicId, { ...session, producerEpoch: 1 }, [['b']]);
    expect(await look()).toEqual([3, 2, true]);
    await rig.mark(topicId, [{ ...ended, producerEpoch: 2 }]);
    expect(await look()).toEqual([4, 2, true]);
  });
});
