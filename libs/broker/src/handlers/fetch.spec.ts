import { type FetchRequest, fetchService } from '@moldau/protocol';
import { batchesIn, countAt } from '@moldau/records';
import { describe, expect, it } from 'vitest';
import { batchOf, SimBroker } from '../testing/sim-broker.ts';

function request(
  topicId: string,
  offset: number,
  rest: Partial<FetchRequest> & { partition?: number; leaderEpoch?: number; partitionBytes?: number } = {},
): FetchRequest {
  const { partition = 0, leaderEpoch, partitionBytes, ...fields } = rest;
  const partitions = [{ topicId, partition, fetchOffset: offset, leaderEpoch, maxBytes: partitionBytes }];
  return { maxWaitMs: undefined, minBytes: undefined, maxBytes: undefined, isolation: 0, partitions, ...fields };
}

const batchCount = (bytes: Uint8Array | undefined): number => [...batchesIn(bytes ?? new Uint8Array(0))].length;

describe('Fetch', () => {
  it('returns the same bytes that were produced, stamped with their offsets', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    await sim.produce(topicId, [batchOf(['a', 'b']), batchOf(['c'])]);
    const { partitions } = await sim.call(fetchService.fetch, request(topicId, 0));
    expect(partitions[0]).toMatchObject({ highWatermark: 3, lastStableOffset: 3, logStartOffset: 0 });
    const bytes = partitions[0]?.recordBatches ?? new Uint8Array(0);
    expect([...batchesIn(bytes)].map(({ position }) => countAt(bytes, position))).toEqual([2, 1]);
    expect(Buffer.from(bytes.subarray(21, batchOf(['a', 'b']).length))).toEqual(Buffer.from(batchOf(['a', 'b']).subarray(21)));
  });

  it('waits for records and is woken by them', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    const started = sim.scheduler.nowMs;
    const { callUnary } = await import('@moldau/protocol');
    const fetching = callUnary(sim.channel, fetchService.fetch, request(topicId, 0, { maxWaitMs: 5_000 }), { timeoutMs: 10_000 });
    await sim.scheduler.runFor(100);
    await sim.produce(topicId, [batchOf(['a'])]);
    const { partitions } = await sim.scheduler.until(fetching);
    expect(batchCount(partitions[0]?.recordBatches)).toBe(1);
    expect(sim.scheduler.nowMs - started).toBeLessThan(300);
  });

  it('collects min_bytes over several moves of the high watermark', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    const { callUnary } = await import('@moldau/protocol');
    const asked = request(topicId, 0, { maxWaitMs: 5_000, minBytes: 250 });
    const fetching = callUnary(sim.channel, fetchService.fetch, asked, { timeoutMs: 10_000 });
    for (let count = 0; count < 4; count += 1) {
      await sim.scheduler.runFor(20);
      await sim.produce(topicId, [batchOf(['x'.repeat(30)])]);
    }
    const { partitions } = await sim.scheduler.until(fetching);
    expect(batchCount(partitions[0]?.recordBatches)).toBe(3);
  });

  it('answers empty at the end of the wait, with where the log ends', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    const started = sim.scheduler.nowMs;
    const { partitions } = await sim.call(fetchService.fetch, request(topicId, 0, { maxWaitMs: 200 }));
    expect(partitions).toHaveLength(1);
    expect(partitions[0]).toMatchObject({ highWatermark: 0, error: undefined });
    expect(sim.scheduler.nowMs - started).toBeGreaterThanOrEqual(200);
    expect(sim.scheduler.nowMs - started).toBeLessThan(260);
  });

  it('answers at once when any partition fails, and each failure alone', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    await sim.produce(topicId, [batchOf(['a'])]);
    const partitions = [
      { topicId, partition: 0, fetchOffset: 0 },
      { topicId, partition: 0, fetchOffset: 99 },
      { topicId, partition: 7, fetchOffset: 0 },
      { topicId: 'nothing', partition: 0, fetchOffset: 0 },
      { topicId, partition: 0, fetchOffset: 0, leaderEpoch: 0 },
      { topicId, partition: 0, fetchOffset: -1 },
    ];
    const response = await sim.call(fetchService.fetch, request(topicId, 0, { maxWaitMs: 60_000, minBytes: 1_000_000, partitions }));
    expect(response.partitions.map(({ error }) => error?.reason)).toEqual([
      undefined,
      'OFFSET_OUT_OF_RANGE',
      'UNKNOWN_PARTITION',
      'UNKNOWN_TOPIC',
      'FENCED_LEADER_EPOCH',
      'INVALID_REQUEST',
    ]);
    expect(Object.fromEntries(response.partitions[1]?.error?.metadata ?? [])).toMatchObject({ first_offset: '0', end_offset: '1' });
  });

  it('between high watermark and log end answers empty, never out of range', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders', { replicas: [1, 2] });
    await sim.produce(topicId, [batchOf(['a', 'b'])], { timeoutMs: 100 });
    const { partitions } = await sim.call(fetchService.fetch, request(topicId, 1, { maxWaitMs: 0 }));
    expect(partitions[0]).toMatchObject({ highWatermark: 0, error: undefined });
    expect(partitions[0]?.recordBatches).toHaveLength(0);
  });

  it('keeps to max_bytes but always makes progress', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders', { partitions: 2 });
    for (const partition of [0, 1])
      await sim.produce(
        topicId,
        Array.from({ length: 5 }, () => batchOf(['x'.repeat(900)])),
        { partition },
      );
    const one = await sim.call(fetchService.fetch, request(topicId, 0, { maxBytes: 10 }));
    expect(batchCount(one.partitions[0]?.recordBatches)).toBe(1);
    const partitions = [0, 1].map((partition) => ({ topicId, partition, fetchOffset: 0, maxBytes: 2_500 }));
    const two = await sim.call(fetchService.fetch, request(topicId, 0, { maxBytes: 3_000, partitions }));
    expect(two.partitions.map(({ recordBatches }) => batchCount(recordBatches))).toEqual([2, 1]);
  });

  it('refuses bounds outside their limits', async () => {
    const sim = await SimBroker.started();
    for (const rest of [{ maxWaitMs: -1 }, { maxWaitMs: 60_001 }, { minBytes: -1 }, { maxBytes: 0 }, { partitionBytes: 0 }]) {
      await expect(sim.call(fetchService.fetch, request('x', 0, rest))).rejects.toMatchObject({ reason: 'INVALID_REQUEST' });
    }
  });

  it('gives back its budget and its place when the caller goes away', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    const abort = new AbortController();
    const call = sim.call(fetchService.fetch, request(topicId, 0, { maxWaitMs: 50_000 }), { signal: abort.signal, timeoutMs: 60_000 });
    sim.scheduler.after(50, () => abort.abort());
    await expect(call).rejects.toMatchObject({ reason: 'CANCELLED' });
    await sim.scheduler.runFor(50);
    expect(sim.meter.value('moldau_budget_used_bytes', 'fetch')).toBe(0);
    expect(sim.meter.value('moldau_broker_deadlines')).toBe(0);
  });
});

describe('ListOffsets', () => {
  const query = (topicId: string, position: object) => ({ topicId, partition: 0, leaderEpoch: undefined, position: position as never });

  it('finds earliest, latest, by time and the greatest time', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    await sim.produce(topicId, [
      batchOf(['a', 'b'], { timestampMs: 100 }),
      batchOf(['c'], { timestampMs: 300 }),
      batchOf(['d'], { timestampMs: 200 }),
    ]);
    const queries = [
      query(topicId, { $case: 'earliest', value: {} }),
      query(topicId, { $case: 'latest', value: {} }),
      query(topicId, { $case: 'timestampMs', value: 150 }),
      query(topicId, { $case: 'timestampMs', value: 301 }),
      query(topicId, { $case: 'maxTimestamp', value: {} }),
      query('nothing', { $case: 'latest', value: {} }),
      { topicId, partition: 0, leaderEpoch: undefined, position: undefined },
    ];
    const { results } = await sim.call(fetchService.listOffsets, { isolation: 0, queries });
    expect(results.map(({ offset, error }) => error?.reason ?? offset)).toEqual([
      0,
      4,
      2,
      undefined,
      2,
      'UNKNOWN_TOPIC',
      'INVALID_REQUEST',
    ]);
    expect(results[2]).toMatchObject({ timestampMs: 300, leaderEpoch: 1 });
  });

  it('does not name an end before the new leader knows what is confirmed', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders', { replicas: [1, 2] });
    await sim.produce(topicId, [batchOf(['a'])], { timeoutMs: 100 });
    sim.controller.setPartition(topicId, 0, 2, { leader: 1, replicas: [1, 2] });
    await sim.scheduler.runFor(50);
    const { results } = await sim.call(fetchService.listOffsets, {
      isolation: 0,
      queries: [query(topicId, { $case: 'latest', value: {} })],
    });
    expect(results[0]?.error?.reason).toBe('LEADER_NOT_AVAILABLE');
  });
});

describe('OffsetForLeaderEpoch', () => {
  it('tells where epochs ended', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    await sim.produce(topicId, [batchOf(['a', 'b'])]);
    sim.controller.setPartition(topicId, 0, 4, { leader: 1, replicas: [1] });
    await sim.scheduler.runFor(50);
    await sim.produce(topicId, [batchOf(['c'])]);
    const queries = [0, 1, 3, 4, 9].map((leaderEpoch) => ({ topicId, partition: 0, currentLeaderEpoch: 4, leaderEpoch }));
    const { results } = await sim.call(fetchService.offsetForLeaderEpoch, { queries });
    expect(results.map(({ leaderEpoch, endOffset }) => [leaderEpoch, endOffset])).toEqual([
      [undefined, undefined],
      [1, 2],
      [1, 2],
      [4, 3],
      [4, 3],
    ]);
  });
});
