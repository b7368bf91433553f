import { fetchService, Isolation } from '@moldau/protocol';
import { batchesIn } from '@moldau/records';
import { describe, expect, it } from 'vitest';
import { SimCluster } from '../testing/sim-cluster.ts';

interface Made {
  readonly cluster: SimCluster;
  readonly topicId: string;
}

/**
 * Brokers 1 and 2 have offsets 0 to 3 and know them to be committed; broker 3 has 0 and 1, and is elected by force with `lossy`
 * as the record's mark, when the others are dead. It writes other records from 2 on.
 */
async function electedUncleanly(lossy: boolean): Promise<Made> {
  const cluster = await SimCluster.started();
  const topicId = await cluster.topic();
  for (const value of ['a', 'b']) await cluster.produce(1, topicId, [value]);
  await cluster.runFor(200);
  cluster.network.partition(['broker3'], ['broker1', 'broker2']);
  cluster.controller.partitions.change(topicId, { isr: [1, 2] });
  for (const value of ['gone c', 'gone d']) expect((await cluster.produce(1, topicId, [value])).error).toBeUndefined();
  await cluster.runFor(2_000);
  cluster.kill(1);
  cluster.kill(2);
  cluster.network.heal();
  const { leaderEpoch } = cluster.controller.partitions.record(topicId);
  const leaderBrokerEpoch = cluster.controller.brokerEpoch(3);
  const election = { leader: 3, leaderBrokerEpoch, leaderEpoch: leaderEpoch + 1, isr: [3], minIsr: 1 };
  cluster.controller.partitions.change(topicId, lossy ? { ...election, lossyEpoch: leaderEpoch + 1 } : election);
  await cluster.runFor(200);
  for (const value of ['other c', 'other d', 'e']) expect((await cluster.produce(3, topicId, [value])).error).toBeUndefined();
  return { cluster, topicId };
}

function alarms({ cluster }: Made, id: number, kind: string): number {
  return cluster.broker(id).meter.value('moldau_replication_alarms_total', kind) ?? 0;
}

describe('after an election at the price of acknowledged records', () => {
  it('the others cut what the new leader has not, below their high watermark too, with an alarm', async () => {
    const made = await electedUncleanly(true);
    const { cluster, topicId } = made;
    await cluster.restart(1);
    await cluster.restart(2);
    await cluster.until('all are in sync', () => cluster.isrOf(topicId).length === 3);
    await cluster.runFor(200);
    expect(cluster.logOf(3, topicId).includes('gone')).toBe(false);
    expect(cluster.logOf(1, topicId)).toEqual(cluster.logOf(3, topicId));
    expect(cluster.logOf(2, topicId)).toEqual(cluster.logOf(3, topicId));
    expect(alarms(made, 1, 'truncationBelowHighWatermark')).toBe(1);
    expect(alarms(made, 1, 'truncationRefused')).toBe(0);
  });

  it('nothing is cut below a high watermark where the record does not mark the loss', async () => {
    const made = await electedUncleanly(false);
    const { cluster, topicId } = made;
    await cluster.restart(1);
    await cluster.runFor(20_000);
    expect(cluster.isrOf(topicId)).toEqual([3]);
    expect(cluster.logOf(1, topicId).includes('gone d')).toBe(true);
    expect(alarms(made, 1, 'truncationRefused')).toBe(1);
    expect(alarms(made, 1, 'truncationBelowHighWatermark')).toBe(0);
  });
});

describe('a reader that goes on after an election', () => {
  const fetched = async ({ cluster, topicId }: Made, fetchOffset: number, lastFetchedEpoch: number | undefined) => {
    const partitions = [{ topicId, partition: 0, fetchOffset, lastFetchedEpoch }];
    const request = { maxWaitMs: 0, minBytes: 1, maxBytes: 10_000, isolation: Isolation.UNSPECIFIED, partitions };
    const [answer] = (await cluster.broker(3).call(fetchService.fetch, request)).partitions;
    const batches = [...batchesIn(answer?.recordBatches ?? new Uint8Array())].length;
    return answer?.error === undefined ? batches : { reason: answer.error.reason, ...Object.fromEntries(answer.error.metadata) };
  };

  it('is told where the log is not what it read, also where the log is long enough again', async () => {
    const made = await electedUncleanly(true);
    const { leaderEpoch } = made.cluster.controller.partitions.record(made.topicId);
    const old = leaderEpoch - 1;
    for (const offset of [3, 4, 5, 6]) {
      expect(await fetched(made, offset, old)).toMatchObject({
        reason: 'LOG_TRUNCATED',
        diverging_offset: '2',
        diverging_epoch: String(old),
      });
    }
    expect(await fetched(made, 2, old)).toBe(3);
    expect(await fetched(made, 4, leaderEpoch)).toBe(1);
    // Nobody knows what it has read.
    expect(await fetched(made, 3, undefined)).toBe(2);
    expect(await fetched(made, 6, undefined)).toMatchObject({ reason: 'OFFSET_OUT_OF_RANGE' });
    expect(await fetched(made, 3, -1)).toMatchObject({ reason: 'INVALID_REQUEST' });
  });

  it('is told so on a stream as well', async () => {
    const made = await electedUncleanly(true);
    const { cluster, topicId } = made;
    const { leaderEpoch } = cluster.controller.partitions.record(topicId);
    const stream = cluster.broker(3).open(fetchService.fetchStream);
    stream.call.send({ frame: { $case: 'configuration', value: { isolation: 0, creditBytes: 1_000_000 } } });
    const position = { positionId: 1, topicId, partition: 0, fetchOffset: 4, leaderEpoch, lastFetchedEpoch: leaderEpoch - 1 };
    stream.call.send({ frame: { $case: 'assign', value: { positions: [position] } } });
    await cluster.runFor(1_000);
    const told = stream.messages.flatMap(({ frame }) => (frame?.$case === 'records' ? frame.value.partitions : []));
    expect(told.map(({ error, recordBatches }) => [error?.reason, recordBatches.length])).toEqual([['LOG_TRUNCATED', 0]]);
  });
});
