import { Acks, callUnary, gatewayService, type NewRecord, type PublishRequest, type PublishResult } from '@moldau/protocol';
import { FIRST_KEYED_PRODUCER_ID } from '@moldau/storage';
import { SimDisk } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import { batchOf, SimBroker } from '../testing/sim-broker.ts';
import { keyedProducer } from './idempotency-key.ts';

const record = (value: string, rest: Partial<NewRecord> = {}): NewRecord => ({
  key: undefined,
  value: Buffer.from(value),
  headers: [],
  timestampMs: undefined,
  partition: undefined,
  ...rest,
});
const request = (idempotencyKey: string, records: readonly NewRecord[], rest: Partial<PublishRequest> = {}): PublishRequest => ({
  topic: 'orders',
  records: [...records],
  acks: Acks.UNSPECIFIED,
  idempotencyKey,
  ...rest,
});
const three = [record('a', { key: Buffer.from('k1') }), record('b'), record('c', { partition: 1 })];
const outcomes = (results: readonly PublishResult[]): unknown[] => results.map(({ error, offset }) => error?.reason ?? offset);

async function publish(sim: SimBroker, asked: PublishRequest): Promise<PublishResult[]> {
  return (await sim.call(gatewayService.publish, asked)).results;
}

/** Records in all partitions, by their end offsets: one more after each of them. */
async function count(sim: SimBroker, topicId: string, partitions: number): Promise<number> {
  let records = 0;
  for (let partition = 0; partition < partitions; partition += 1) {
    const [result] = await sim.produce(topicId, [batchOf(['end'])], { partition });
    records += result?.baseOffset ?? Number.NaN;
  }
  return records;
}

describe('an idempotency key', () => {
  it('stands for the same producer in every version', () => {
    const { fields, partitionAmong } = keyedProducer('order-17', 'all');
    expect(fields).toEqual({ producerId: 7702974229450403, producerEpoch: 12071, baseSequence: 0 });
    expect(fields.producerId).toBeGreaterThanOrEqual(FIRST_KEYED_PRODUCER_ID);
    expect(partitionAmong(12)).toBe(10);
    expect(keyedProducer('order-18', 'all').fields.producerId).not.toBe(fields.producerId);
  });

  it.each([
    ['', '0 bytes long'],
    ['x'.repeat(257), '257 bytes long'],
    ['ž'.repeat(129), '258 bytes long'],
  ])('of a bad length is refused with field, value and limit', async (key, value) => {
    const sim = await SimBroker.started();
    await sim.topic('orders');
    const facts = { field: 'idempotency_key', value, limit: '1 … 256 bytes of UTF-8' };
    await expect(publish(sim, request(key, three))).rejects.toMatchObject({ reason: 'INVALID_REQUEST', facts });
  });

  it('of 256 bytes is taken; one with weaker acks is not', async () => {
    const sim = await SimBroker.started();
    await sim.topic('orders');
    expect(outcomes(await publish(sim, request('x'.repeat(256), [record('a')])))).toEqual([0]);
    const weak = publish(sim, request('key', [record('a')], { acks: Acks.LEADER }));
    await expect(weak).rejects.toMatchObject({ reason: 'INVALID_ACKS' });
  });
});

describe('a Publish that comes again with its key', () => {
  it('gets the first answer and writes nothing', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders', { partitions: 4 });
    const first = await publish(sim, request('order-17', three));
    await publish(sim, request('order-18', three));
    await sim.scheduler.runFor(60_000);
    expect(await publish(sim, request('order-17', three))).toEqual(first);
    expect(await count(sim, topicId, 4)).toBe(6);
  });

  it('while the first is under way waits for it', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders', { partitions: 4 });
    const call = () => callUnary(sim.channel, gatewayService.publish, request('order-17', three), { timeoutMs: 10_000 });
    const [first, second] = await sim.scheduler.until(Promise.all([call(), call()]));
    expect(second).toEqual(first);
    expect(await count(sim, topicId, 4)).toBe(3);
  });

  it.each([
    ['a power loss', (disk: SimDisk) => disk.crash()],
    ['a kill', (disk: SimDisk) => disk.kill()],
  ])('to a broker that came back after %s gets the first answer', async (_what, lose) => {
    const sim = new SimBroker({}, new SimDisk());
    await sim.scheduler.until(sim.broker.start());
    await sim.topic('orders', { partitions: 4 });
    const first = await publish(sim, request('order-17', three));
    const again = new SimBroker({}, lose(sim.disk));
    await again.scheduler.until(again.broker.start());
    const topicId = await again.topic('orders', { partitions: 4 });
    expect(await publish(again, request('order-17', three))).toEqual(first);
    expect(await count(again, topicId, 4)).toBe(3);
  });

  it('writes what failed the first time, and only that', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders', { partitions: 2 });
    sim.controller.setPartition(topicId, 1, 2, { leader: 1, replicas: [1], minIsr: 2 });
    await sim.scheduler.runFor(50);
    const records = [record('a', { partition: 0 }), record('b', { partition: 1 })];
    expect(outcomes(await publish(sim, request('k', records)))).toEqual([0, 'NOT_ENOUGH_REPLICAS']);
    sim.controller.setPartition(topicId, 1, 3, { leader: 1, replicas: [1] });
    await sim.scheduler.runFor(50);
    expect(outcomes(await publish(sim, request('k', records)))).toEqual([0, 0]);
    expect(await count(sim, topicId, 2)).toBe(2);
  });

  it('by way of another broker gets the first answer too', async () => {
    const sim = await SimBroker.started();
    const peer = new SimBroker({ brokerId: 2 as never }, undefined, sim);
    await sim.scheduler.until(peer.broker.start());
    await sim.topic('orders', { leader: 2 });
    const first = await publish(sim, request('k', [record('a'), record('b')]));
    expect(outcomes(first)).toEqual([0, 1]);
    expect(await publish(peer, request('k', [record('a'), record('b')]))).toEqual(first);
  });

  it('works the same over a stream', async () => {
    const sim = await SimBroker.started();
    await sim.topic('orders');
    const opened = sim.open(gatewayService.publishStream);
    for (const requestId of [1, 2]) opened.call.send({ requestId, publish: request('k', [record('a')]) });
    opened.call.end();
    await sim.scheduler.runFor(100);
    const answers = opened.messages.flatMap(({ frame }) => (frame?.$case === 'answer' ? frame.value.results : []));
    expect(outcomes(answers)).toEqual([0, 0]);
  });
});

describe('a Publish with a key', () => {
  it('that was used for another number of records is refused, saying so', async () => {
    const sim = await SimBroker.started();
    await sim.topic('orders');
    await publish(sim, request('k', [record('a')]));
    const [result] = await publish(sim, request('k', [record('a'), record('b')]));
    expect(result?.error).toMatchObject({ reason: 'INVALID_REQUEST', certainty: 1 });
    expect(Object.fromEntries(result?.error?.metadata ?? [])).toMatchObject({ field: 'idempotency_key', value: 'k' });
  });

  it('writes nothing when one of its records can not be taken, and says which', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    const asked = request('k', [record('a'), record('b', { partition: 9 })]);
    await expect(publish(sim, asked)).rejects.toMatchObject({ reason: 'UNKNOWN_PARTITION', facts: { record: '1' } });
    expect(await count(sim, topicId, 1)).toBe(0);
  });

  it('fits one batch for each partition, above the size at which others are split', async () => {
    const sim = await SimBroker.started();
    await sim.topic('orders', { partitions: 2 });
    const records = (size: number) => Array.from({ length: 9 }, () => record('x'.repeat(size)));
    expect(outcomes(await publish(sim, request('k', records(100_000))))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    const facts = { field: 'records', record: '8' };
    await expect(publish(sim, request('l', records(130_000)))).rejects.toMatchObject({ reason: 'INVALID_REQUEST', facts });
  });
});
