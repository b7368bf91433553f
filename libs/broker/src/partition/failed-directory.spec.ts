import { adminService, fetchService, gatewayService, Isolation, type OffsetQuery } from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { batchOf, SimBroker } from '../testing/sim-broker.ts';

/** A broker with two topics of flushed records, whose directory has just failed while the first one was written. */
async function failed(flush: 'sync' | 'async'): Promise<{ sim: SimBroker; topics: readonly string[] }> {
  const sim = await SimBroker.started();
  const topics = [await sim.topic('hit', { flush }), await sim.topic('idle')];
  for (const topicId of topics) await sim.produce(topicId, [batchOf(['a']), batchOf(['b'])]);
  await sim.scheduler.runFor(2_000);
  sim.disk.faults.inject({ operation: 'sync', kind: 'io', path: '.log' });
  await sim.produce(topics[0]!, [batchOf(['c'])]);
  await sim.scheduler.runFor(2_000);
  return { sim, topics };
}

async function fetchReason(sim: SimBroker, topicId: string): Promise<string | undefined> {
  const partitions = [{ topicId, partition: 0, fetchOffset: 0, leaderEpoch: undefined, maxBytes: undefined }];
  const request = { maxWaitMs: 0, minBytes: 1, maxBytes: 10_000, isolation: Isolation.UNSPECIFIED, partitions };
  return (await sim.call(fetchService.fetch, request)).partitions[0]?.error?.reason;
}

async function offsetReason(sim: SimBroker, topicId: string, position: OffsetQuery['position']): Promise<string | undefined> {
  const queries = [{ topicId, partition: 0, leaderEpoch: undefined, position }];
  return (await sim.call(fetchService.listOffsets, { isolation: 0, queries })).results[0]?.error?.reason;
}

describe.each(['sync', 'async'] as const)('a data directory of which a flush failed (flush=%s)', (flush) => {
  it('is neither written nor read in any of its partitions, and every answer says so', async () => {
    const { sim, topics } = await failed(flush);
    for (const topicId of topics) {
      const [produced] = await sim.produce(topicId, [batchOf(['d'])]);
      expect(produced?.error).toMatchObject({ reason: 'LOG_DIRECTORY_OFFLINE', certainty: 1 });
      expect(await fetchReason(sim, topicId)).toBe('LOG_DIRECTORY_OFFLINE');
      expect(await offsetReason(sim, topicId, { $case: 'latest', value: {} })).toBe('LOG_DIRECTORY_OFFLINE');
      expect(await offsetReason(sim, topicId, { $case: 'timestampMs', value: 0 })).toBe('LOG_DIRECTORY_OFFLINE');
      const partitions = [{ topicId, partition: 0, beforeOffset: 1 }];
      const deleted = await sim.call(adminService.deleteRecords, { partitions, dryRun: false });
      expect(deleted.results.map(({ error }) => error?.reason)).toEqual(['LOG_DIRECTORY_OFFLINE']);
    }
    expect(sim.broker.readiness()).toMatchObject({ ready: false });
  });

  it('ends the readers that wait in it', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders', { flush });
    await sim.produce(topicId, [batchOf(['a'])]);
    const stream = sim.open(fetchService.fetchStream);
    stream.call.send({ frame: { $case: 'configuration', value: { isolation: 0, creditBytes: 1_000_000 } } });
    const positions = [{ positionId: 1, topicId, partition: 0, fetchOffset: 0, leaderEpoch: undefined }];
    stream.call.send({ frame: { $case: 'assign', value: { positions } } });
    const read = sim.open(gatewayService.read);
    read.call.send({ topic: 'orders', partitions: [], from: { $case: 'earliest', value: {} }, stopAtEnd: false, isolation: 0 });
    await sim.scheduler.runFor(2_000);
    sim.disk.faults.inject({ operation: 'sync', kind: 'io', path: '.log' });
    await sim.produce(topicId, [batchOf(['b'])]);
    await sim.scheduler.runFor(2_000);
    const told = stream.messages.flatMap(({ frame }) => (frame?.$case === 'records' ? frame.value.partitions : []));
    expect(told.flatMap(({ error }) => (error === undefined ? [] : [error.reason]))).toEqual(['LOG_DIRECTORY_OFFLINE']);
    expect(read.closed).toBe('LOG_DIRECTORY_OFFLINE');
  });
});
