import { callUnary, gatewayService, type PublishRequest, type ReadResponse } from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { SimCluster } from '../testing/sim-cluster.ts';

const publish = (value: string, idempotencyKey?: string): PublishRequest => {
  const record = { key: undefined, value: Buffer.from(value), headers: [], timestampMs: undefined, partition: undefined };
  return { topic: 'orders', records: [record], acks: 0, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) };
};

/** Publishes through one broker, whoever leads; the name of the error, or the offset. */
async function begin(cluster: SimCluster, through: number, request: PublishRequest): Promise<string | number | undefined> {
  const { results } = await callUnary(cluster.broker(through).channel, gatewayService.publish, request, { timeoutMs: 20_000 });
  return results[0]?.error?.reason ?? results[0]?.offset;
}

function send(cluster: SimCluster, through: number, request: PublishRequest): Promise<string | number | undefined> {
  return cluster.broker(through).scheduler.until(begin(cluster, through, request));
}

describe('while leaders move, the Gateway of any broker', () => {
  it('publishes what the next leader takes, where the one before has died', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    expect(await send(cluster, 3, publish('a'))).toBe(0);
    cluster.kill(1);
    await cluster.runFor(50);
    const late = begin(cluster, 3, publish('b'));
    await cluster.runFor(700);
    cluster.controller.partitions.elect(topicId, 2, [2, 3]);
    expect(await cluster.broker(3).scheduler.until(late)).toBe(1);
  });

  it('publishes once under an idempotency key what the dying leader may have taken', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    await send(cluster, 3, publish('a'));
    const hold = cluster.broker(1).disk.hold('sync');
    const waiting = begin(cluster, 3, publish('b', 'order-17'));
    await cluster.runFor(100);
    cluster.kill(1);
    hold.release();
    await cluster.runFor(100);
    cluster.controller.partitions.elect(topicId, 2, [2, 3]);
    const placed = await cluster.broker(3).scheduler.until(waiting);
    expect(placed).toEqual(expect.any(Number));
    expect(await send(cluster, 2, publish('b', 'order-17'))).toBe(placed);
  });

  it('reads on at the next leader', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    const opened = cluster.broker(3).open(gatewayService.read);
    opened.call.send({
      topic: 'orders',
      partitions: [],
      from: { $case: 'earliest', value: {} },
      maxRecords: undefined,
      stopAtEnd: false,
      isolation: 0,
    });
    const values = (): string[] =>
      opened.messages.flatMap(({ records }: ReadResponse) => records.map(({ value }) => Buffer.from(value ?? []).toString()));
    await send(cluster, 2, publish('a'));
    await cluster.until('the first', () => values().length === 1);
    cluster.kill(1);
    await cluster.runFor(500);
    cluster.controller.partitions.elect(topicId, 2, [2, 3]);
    await cluster.runFor(200);
    await send(cluster, 3, publish('b'));
    await cluster.until('the second', () => values().length === 2);
    cluster.controller.partitions.elect(topicId, 3, [2, 3]);
    await cluster.runFor(200);
    await send(cluster, 2, publish('c'));
    await cluster.until('the third', () => values().length === 3);
    expect(values()).toEqual(['a', 'b', 'c']);
    expect(opened.closed).toBeUndefined();
  });
});
