import { callUnary, type FetchRequest, type FetchStreamRequest, fetchService, gatewayService, type ReadRequest } from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { batchOf, SimBroker } from '../testing/sim-broker.ts';
import { SimCluster } from '../testing/sim-cluster.ts';

const NOTHING_ASKED: Omit<FetchRequest, 'partitions'> = { maxWaitMs: 1_000, minBytes: 1, maxBytes: undefined, isolation: 0 };
const VALUE = 'x'.repeat(1_000);

/** Pieces of the log's memory that somebody looks at. */
const heldIn = (sim: SimBroker): number => sim.meter.value('moldau_storage_tail_slabs_held');
const configure = (creditBytes: number): FetchStreamRequest => ({
  frame: { $case: 'configuration', value: { isolation: 0, maxMessageBytes: undefined, creditBytes } },
});
const assign = (topicId: string, partitions: readonly number[]): FetchStreamRequest => ({
  frame: {
    $case: 'assign',
    value: {
      positions: partitions.map((partition) => ({ positionId: partition, topicId, partition, fetchOffset: 0, leaderEpoch: undefined })),
    },
  },
});
const readRequest = (rest: Partial<ReadRequest>): ReadRequest => ({
  topic: 'orders',
  partitions: [],
  from: { $case: 'earliest', value: {} },
  maxRecords: undefined,
  stopAtEnd: false,
  isolation: 0,
  ...rest,
});

async function withBatches(): Promise<{ readonly sim: SimBroker; readonly topicId: string; readonly size: number }> {
  const sim = await SimBroker.started();
  const topicId = await sim.topic('orders', { partitions: 2 });
  const batch = batchOf([VALUE]);
  for (const partition of [0, 1]) await sim.produce(topicId, [batchOf([VALUE]), batchOf([VALUE]), batchOf([VALUE])], { partition });
  return { sim, topicId, size: batch.length };
}

describe('what is read from memory is let go', () => {
  it('by a fetch stream that sends all, has no credit for the rest, is unassigned, or ends', async () => {
    const { sim, topicId, size } = await withBatches();
    for (const creditBytes of [1, size, size + 1, 100 * size]) {
      const { call } = sim.open(fetchService.fetchStream);
      call.send(configure(creditBytes));
      call.send(assign(topicId, [0, 1]));
      await sim.scheduler.runFor(50);
      expect(heldIn(sim)).toBe(0);
      call.send({ frame: { $case: 'unassign', value: { positionIds: [0] } } });
      await sim.scheduler.runFor(50);
      call.cancel();
      await sim.scheduler.runFor(50);
      expect(heldIn(sim)).toBe(0);
    }
  });

  it('by a fetch that is answered, waits for more, is given up, or fails in part', async () => {
    const { sim, topicId, size } = await withBatches();
    const of = (partition: number, fetchOffset = 0) => ({ topicId, partition, fetchOffset, leaderEpoch: undefined, maxBytes: undefined });
    await sim.call(fetchService.fetch, { ...NOTHING_ASKED, partitions: [of(0), of(1)] });
    await sim.call(fetchService.fetch, { ...NOTHING_ASKED, maxBytes: size + 1, partitions: [of(0), of(1)] });
    await sim.call(fetchService.fetch, { ...NOTHING_ASKED, partitions: [of(0), of(1, 99)] });
    expect(heldIn(sim)).toBe(0);
    const abort = new AbortController();
    const waits = { ...NOTHING_ASKED, maxWaitMs: 20_000, minBytes: 100 * size };
    const fetch = (request: FetchRequest, signal?: AbortSignal) =>
      callUnary(sim.channel, fetchService.fetch, request, { timeoutMs: 30_000, ...(signal === undefined ? {} : { signal }) });
    const given = fetch({ ...waits, partitions: [of(0)] }, abort.signal).catch(() => 'given up');
    const answered = fetch({ ...waits, maxWaitMs: 5_000, partitions: [of(0), of(1)] });
    await sim.scheduler.runFor(100);
    expect(heldIn(sim)).toBe(0);
    abort.abort();
    await sim.produce(topicId, [batchOf([VALUE])]);
    expect(await sim.scheduler.until(given)).toBe('given up');
    const { partitions } = await sim.scheduler.until(answered);
    expect(partitions.map(({ recordBatches }) => recordBatches.length)).toEqual([4 * size, 3 * size]);
    expect(heldIn(sim)).toBe(0);
  });

  it('by readers of records, and by who looks for a time', async () => {
    const { sim, topicId } = await withBatches();
    const { messages, call } = sim.open(gatewayService.read);
    call.send(readRequest({ maxRecords: 4 }));
    await sim.scheduler.runFor(300);
    expect(messages.flatMap(({ records }) => records)).toHaveLength(4);
    const queries = [{ topicId, partition: 0, leaderEpoch: undefined, position: { $case: 'timestampMs' as const, value: 1 } }];
    expect((await sim.call(fetchService.listOffsets, { isolation: 0, queries })).results[0]?.offset).toBe(0);
    expect(heldIn(sim)).toBe(0);
  });

  it('by a leader that sends it to followers, also to one that goes away', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    for (const value of ['a', 'b', 'c']) expect((await cluster.produce(1, topicId, [value])).error).toBeUndefined();
    cluster.kill(3);
    expect((await cluster.produce(1, topicId, ['d'], 30_000)).error).toBeUndefined();
    await cluster.runFor(500);
    for (const id of [1, 2]) expect(heldIn(cluster.broker(id))).toBe(0);
  });
});
