import { Acks, producerService } from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { batchOf, produceBatch, SimBroker } from '../testing/sim-broker.ts';

const outcome = (results: readonly { baseOffset?: number | undefined; error?: { reason: string } | undefined }[]): unknown[] =>
  results.map(({ baseOffset, error }) => error?.reason ?? baseOffset);

describe('Produce', () => {
  it('answers with dense offsets once the batches are flushed', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    const syncs = sim.disk.stats.syncs;
    const results = await sim.produce(topicId, [batchOf(['a', 'b']), batchOf(['c'])]);
    expect(outcome(results)).toEqual([0, 2]);
    expect(sim.disk.stats.syncs).toBeGreaterThan(syncs);
  });

  it('fails each bad batch alone, with a definite error', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders', { configs: { 'max.message.bytes': '1000' } });
    const corrupt = batchOf(['bad']);
    corrupt[70] = corrupt[70]! ^ 1;
    const negative = batchOf(['bad']);
    new DataView(negative.buffer).setInt32(8, -1);
    const huge = batchOf(['bad']);
    new DataView(huge.buffer).setInt32(57, 1_000_000_000);
    const results = await sim.produce(topicId, [
      corrupt,
      negative,
      huge,
      batchOf(['bad']).subarray(0, 40),
      new Uint8Array(0),
      Buffer.concat([batchOf(['one']), batchOf(['two'])]),
      batchOf(['x'.repeat(2_000)]),
      batchOf(['future'], { timestampMs: 1_767_225_600_000 + 2 * 3_600_000 }),
      batchOf(['good']),
    ]);
    expect(outcome(results)).toEqual([
      'CORRUPT_BATCH',
      'CORRUPT_BATCH',
      'CORRUPT_BATCH',
      'CORRUPT_BATCH',
      'CORRUPT_BATCH',
      'CORRUPT_BATCH',
      'RECORD_TOO_LARGE',
      'INVALID_TIMESTAMP',
      0,
    ]);
  });

  it('names the right error for partitions that are not here', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders', { partitions: 1 });
    const elsewhere = await sim.topic('elsewhere', { leader: 2 });
    const foreign = await sim.topic('foreign', { namespace: 'other' });
    const batches = [
      produceBatch('00000000-0000-4000-8000-0000000000ff', batchOf(['a'])),
      produceBatch('no uuid', batchOf(['a'])),
      produceBatch(topicId, batchOf(['a']), { partition: 1 }),
      produceBatch(topicId, batchOf(['a']), { partition: -1 }),
      produceBatch(elsewhere, batchOf(['a'])),
      produceBatch(foreign, batchOf(['a'])),
      produceBatch(topicId, batchOf(['a']), { leaderEpoch: 0 }),
      produceBatch(topicId, batchOf(['a']), { leaderEpoch: 2 }),
      produceBatch(topicId, batchOf(['a']), { leaderEpoch: 1 }),
    ];
    const { results } = await sim.call(producerService.produce, { acks: Acks.ALL, batches });
    expect(outcome(results)).toEqual([
      'UNKNOWN_TOPIC',
      'UNKNOWN_TOPIC',
      'UNKNOWN_PARTITION',
      'UNKNOWN_PARTITION',
      'NOT_LEADER',
      'UNKNOWN_TOPIC',
      'FENCED_LEADER_EPOCH',
      'UNKNOWN_LEADER_EPOCH',
      0,
    ]);
    expect(results[4]?.error?.metadata.get('leader')).toBe('2');
  });

  it('refuses terms outside their limits as a whole', async () => {
    const sim = await SimBroker.started();
    const call = sim.call(producerService.produce, { acks: Acks.ALL, timeoutMs: 0, batches: [] });
    await expect(call).rejects.toMatchObject({ reason: 'INVALID_REQUEST', facts: { field: 'timeout_ms' } });
    const acks = sim.call(producerService.produce, { acks: 9 as never, batches: [] });
    await expect(acks).rejects.toMatchObject({ reason: 'INVALID_REQUEST', facts: { field: 'acks' } });
  });

  it('refuses what the produce budget has no room for, with a delay', async () => {
    const sim = await SimBroker.started({ produceBudgetBytes: 1_000 });
    const topicId = await sim.topic('orders');
    const big = batchOf(['x'.repeat(800)]);
    const first = sim.channel;
    const request = { acks: Acks.ALL, batches: [produceBatch(topicId, big)] };
    const { callUnary } = await import('@moldau/protocol');
    const one = callUnary(first, producerService.produce, request, { timeoutMs: 1_000 });
    const two = callUnary(first, producerService.produce, request, { timeoutMs: 1_000 });
    const [a, b] = await sim.scheduler.until(Promise.allSettled([one, two]));
    expect(a.status).toBe('fulfilled');
    expect(b).toMatchObject({ status: 'rejected', reason: { reason: 'MEMORY_BUDGET_EXHAUSTED', retriable: true, retryAfterMs: 50 } });
    expect(sim.meter.value('moldau_budget_used_bytes', 'produce')).toBe(0);
  });

  it('stamps the time of the append where the topic says so', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('stamped', { configs: { 'message.timestamp.type': 'LogAppendTime' } });
    const [result] = await sim.produce(topicId, [batchOf(['a'], { timestampMs: 5 })]);
    expect(result?.logAppendTimeMs).toBeGreaterThanOrEqual(1_767_225_600_000);
  });

  it('checks keys on compacted topics in order, compressed or not', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('compacted', { configs: { 'cleanup.policy': 'compact' } });
    const results = await sim.produce(topicId, [
      batchOf(['a'], { key: 'k', compression: 'gzip' }),
      batchOf(['no key'], { compression: 'gzip' }),
      batchOf(['b'], { key: 'k' }),
      batchOf(['no key']),
      batchOf(['c'], { key: 'k', compression: 'zstd' }),
    ]);
    expect(outcome(results)).toEqual([0, 'NULL_KEY_ON_COMPACTED_TOPIC', 1, 'NULL_KEY_ON_COMPACTED_TOPIC', 2]);
  });

  it('tells before the append that too few replicas are in sync', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders', { minIsr: 2 });
    expect(outcome(await sim.produce(topicId, [batchOf(['a'])]))).toEqual(['NOT_ENOUGH_REPLICAS']);
    expect(outcome(await sim.produce(topicId, [batchOf(['a'])], { acks: Acks.LEADER }))).toEqual([0]);
  });

  it('answers acks=none after the checks, without offsets', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    const [result] = await sim.produce(topicId, [batchOf(['a'])], { acks: Acks.NONE });
    expect(result).toMatchObject({ baseOffset: undefined, error: undefined });
  });

  it('answers with an indefinite error when the leader changes after the append', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders', { replicas: [1, 2] });
    // Broker 2 is in the ISR and never fetches: nothing is confirmed.
    const producing = sim.produce(topicId, [batchOf(['a'])]);
    sim.scheduler.after(20, () => sim.controller.setPartition(topicId, 0, 2, { leader: 2, replicas: [1, 2] }));
    const [result] = await producing;
    expect(result?.error).toMatchObject({ reason: 'LEADER_CHANGED_AFTER_APPEND', certainty: 2, retriable: true });
  });

  it('answers an unconfirmed batch at its timeout, by one sweep', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders', { replicas: [1, 2], minIsr: 2 });
    const before = sim.scheduler.nowMs;
    const [result] = await sim.produce(topicId, [batchOf(['a'])], { timeoutMs: 300 });
    expect(result?.error).toMatchObject({ reason: 'REQUEST_TIMED_OUT', certainty: 2 });
    expect(sim.scheduler.nowMs - before).toBeLessThan(500);
  });

  it('answers definitely when a full disk took the batch back', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    sim.disk.faults.inject({ operation: 'write', kind: 'no-space', times: 1_000, path: '.log' });
    const [result] = await sim.produce(topicId, [batchOf(['a'])]);
    expect(result?.error).toMatchObject({ reason: 'DISK_FULL', certainty: 1 });
  });

  it('answers with an indefinite error when a flush fails, and takes nothing more', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    sim.disk.faults.inject({ operation: 'sync', kind: 'io', path: '.log' });
    const [failed] = await sim.produce(topicId, [batchOf(['a'])]);
    expect(failed?.error).toMatchObject({ reason: 'LOG_DIRECTORY_FAILED_AFTER_APPEND', certainty: 2 });
    const [refused] = await sim.produce(topicId, [batchOf(['b'])]);
    expect(refused?.error).toMatchObject({ reason: 'LOG_DIRECTORY_OFFLINE', certainty: 1 });
    expect(sim.broker.readiness()).toMatchObject({ ready: false });
    expect(sim.meter.value('moldau_broker_offline_partitions')).toBe(1);
  });
});

describe('idempotent batches', () => {
  const from = (sequence: number, values = ['a'], epoch = 0): Uint8Array =>
    batchOf(values, { producerId: 9, producerEpoch: epoch, baseSequence: sequence });

  it('are answered with the original offset when they come again', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    expect(outcome(await sim.produce(topicId, [from(0, ['a', 'b']), from(2)]))).toEqual([0, 2]);
    expect(outcome(await sim.produce(topicId, [from(0, ['a', 'b']), from(2), from(3)]))).toEqual([0, 2, 3]);
  });

  it('leave no gap, fence old epochs and begin at 0', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    expect(outcome(await sim.produce(topicId, [from(4), from(0), from(2), from(0, ['x'], 1), from(1)]))).toEqual([
      'UNKNOWN_PRODUCER',
      0,
      'OUT_OF_ORDER_SEQUENCE',
      1,
      'FENCED_PRODUCER',
    ]);
  });

  it('need acks=all', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    expect(outcome(await sim.produce(topicId, [from(0)], { acks: Acks.LEADER }))).toEqual(['INVALID_ACKS']);
  });

  it('may be unanswered five at a time, and a duplicate waits for its original', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders', { replicas: [1, 2] });
    const batches = [0, 1, 2, 3, 4, 5].map((sequence) => from(sequence));
    const producing = sim.produce(topicId, [...batches, from(0)]);
    sim.scheduler.after(30, () => sim.controller.setPartition(topicId, 0, 1, { leader: 1, replicas: [1] }));
    expect(outcome(await producing)).toEqual([0, 1, 2, 3, 4, 'TOO_MANY_UNANSWERED_BATCHES', 0]);
    expect(outcome(await sim.produce(topicId, [from(5)]))).toEqual([5]);
  });
});

describe('InitProducer', () => {
  it('hands out ids one by one from prefetched blocks', async () => {
    const sim = await SimBroker.started();
    const ids = new Set<number>();
    for (let count = 0; count < 250; count += 1) {
      const { producerId, producerEpoch } = await sim.call(producerService.initProducer, {});
      expect(producerEpoch).toBe(0);
      ids.add(producerId);
    }
    expect(ids.size).toBe(250);
  });

  it('is not available without a controller, once the blocks are used up', async () => {
    const sim = await SimBroker.started();
    const { MoldauError } = await import('@moldau/kernel');
    sim.controller.failure = new MoldauError('NOT_CONTROLLER', 'not here');
    const call = sim.call(producerService.initProducer, {}, { timeoutMs: 15_000 });
    await expect(call).rejects.toMatchObject({ reason: 'COORDINATOR_NOT_AVAILABLE' });
  });
});
