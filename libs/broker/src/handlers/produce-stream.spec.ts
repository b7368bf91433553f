import { Acks, decodeMessage, encodeMessage, type ProduceStreamResponse, producerService } from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { batchOf, openDirect, produceBatch, SimBroker } from '../testing/sim-broker.ts';

const configuration = { frame: { $case: 'configuration' as const, value: { acks: Acks.ALL, timeoutMs: undefined } } };
const append = (...batches: ReturnType<typeof produceBatch>[]) => ({ frame: { $case: 'append' as const, value: { batches } } });

function resultsOf(messages: readonly ProduceStreamResponse[]): [number, number | string | undefined][] {
  return messages.flatMap(({ frame }) =>
    frame?.$case === 'results'
      ? frame.value.results.map((result): [number, number | string | undefined] => [
          result.batchId,
          result.error?.reason ?? result.baseOffset,
        ])
      : [],
  );
}

describe('ProduceStream', () => {
  it('says its limits, then answers in the order of the batches of a partition', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders', { partitions: 2 });
    const { call, messages } = sim.open(producerService.produceStream);
    call.send(configuration);
    for (let id = 1; id <= 20; id += 1) call.send(append(produceBatch(topicId, batchOf([`${id}`]), { batchId: id, partition: id % 2 })));
    await sim.scheduler.runFor(200);
    expect(messages[0]?.frame).toMatchObject({ $case: 'ready', value: { maxUnansweredBytes: 8 * 1024 * 1024 } });
    const results = resultsOf(messages);
    expect(results).toHaveLength(20);
    for (const partition of [0, 1]) {
      const offsets = results.filter(([id]) => id % 2 === partition).map(([, offset]) => offset);
      expect(offsets).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
    // Coalesced: far fewer messages than batches.
    expect(messages.length).toBeLessThan(15);
  });

  it('keeps a failed batch behind the earlier ones of its partition', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    const { call, messages, closed } = sim.open(producerService.produceStream);
    call.send(configuration);
    const corrupt = batchOf(['bad']);
    corrupt[65] = corrupt[65]! ^ 1;
    call.send(append(produceBatch(topicId, batchOf(['a']), { batchId: 1 }), produceBatch(topicId, corrupt, { batchId: 2 })));
    call.send(append(produceBatch(topicId, batchOf(['b']), { batchId: 3 })));
    await sim.scheduler.runFor(200);
    expect(resultsOf(messages)).toEqual([
      [1, 0],
      [2, 'CORRUPT_BATCH'],
      [3, 1],
    ]);
    expect(closed).toBeUndefined();
  });

  it('with acks=none answers errors only', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    const { call, messages } = sim.open(producerService.produceStream);
    call.send({ frame: { $case: 'configuration', value: { acks: Acks.NONE, timeoutMs: undefined } } });
    call.send(append(produceBatch(topicId, batchOf(['a']), { batchId: 1 }), produceBatch(topicId, new Uint8Array(3), { batchId: 2 })));
    await sim.scheduler.runFor(100);
    expect(resultsOf(messages)).toEqual([[2, 'CORRUPT_BATCH']]);
  });

  it.each([
    ['an append before the configuration', [append()]],
    ['a second configuration', [configuration, configuration]],
    ['a message without a frame', [{ frame: undefined }]],
  ])('ends at %s', async (_name, messages) => {
    const sim = await SimBroker.started();
    const opened = sim.open(producerService.produceStream);
    for (const message of messages) opened.call.send(message);
    await sim.scheduler.runFor(50);
    expect(opened.closed).toBe('INVALID_REQUEST');
  });

  it('answers everything after the client has ended its half, then ends with OK', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    const opened = sim.open(producerService.produceStream);
    opened.call.send(configuration);
    opened.call.send(append(produceBatch(topicId, batchOf(['a']), { batchId: 5 })));
    opened.call.end();
    await sim.scheduler.runFor(200);
    expect(resultsOf(opened.messages)).toEqual([[5, 0]]);
    expect(opened.closed).toBe('OK');
  });

  it('gives its budget back when the client vanishes mid-way, and keeps what was appended', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    const { call } = sim.open(producerService.produceStream);
    call.send(configuration);
    call.send(append(produceBatch(topicId, batchOf(['a']), { batchId: 1 })));
    await sim.scheduler.runFor(2);
    call.cancel();
    await sim.scheduler.runFor(100);
    expect(sim.meter.value('moldau_budget_used_bytes', 'produce')).toBe(0);
    expect(sim.meter.value('moldau_broker_open_streams')).toBe(0);
  });

  it('pauses a client with too many unanswered bytes, and goes on in order when they are answered', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders', { replicas: [1, 2], configs: { 'max.message.bytes': '2097152' } });
    const stream = openDirect(sim, producerService.produceStream.path);
    const send = (message: Parameters<typeof encodeRequest>[0]): void => stream.events?.message(encodeRequest(message));
    send(configuration);
    for (let id = 1; id <= 10; id += 1) send(append(produceBatch(topicId, batchOf(['x'.repeat(1_000_000)]), { batchId: id })));
    await sim.scheduler.runFor(50);
    expect(stream.paused).toBe(true);
    expect(sim.meter.value('moldau_produce_batches_total')).toBe(8);
    sim.controller.setPartition(topicId, 0, 1, { leader: 1, replicas: [1] });
    await sim.scheduler.runFor(200);
    expect(stream.paused).toBe(false);
    const results = resultsOf(stream.written.map((bytes) => decodeMessage(producerService.produceStream.response, bytes)));
    expect(results).toEqual(Array.from({ length: 10 }, (_, at) => [at + 1, at]));
  });

  it('waits in order while the budget of all is full', async () => {
    const sim = await SimBroker.started({ produceBudgetBytes: 3_000 });
    const topicId = await sim.topic('orders');
    const { call, messages } = sim.open(producerService.produceStream);
    call.send(configuration);
    for (let id = 1; id <= 10; id += 1) call.send(append(produceBatch(topicId, batchOf(['x'.repeat(1_000)]), { batchId: id })));
    await sim.scheduler.runFor(500);
    expect(resultsOf(messages)).toEqual(Array.from({ length: 10 }, (_, at) => [at + 1, at]));
  });

  it('takes no more from a client that does not read its answers', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    const stream = openDirect(sim, producerService.produceStream.path);
    stream.writable = false;
    stream.events?.message(encodeRequest(configuration));
    for (let id = 1; id <= 50; id += 1) {
      stream.events?.message(encodeRequest(append(produceBatch(topicId, batchOf(['a']), { batchId: id }))));
      await sim.scheduler.runFor(5);
    }
    expect(stream.paused).toBe(true);
    expect(sim.meter.value('moldau_produce_batches_total')).toBeLessThan(5);
    stream.writable = true;
    stream.events?.drained();
    await sim.scheduler.runFor(50);
    expect(sim.meter.value('moldau_produce_batches_total')).toBe(50);
  });

  it('ends a client that ignores the limits altogether', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders', { replicas: [1, 2], configs: { 'max.message.bytes': '2097152' } });
    const stream = openDirect(sim, producerService.produceStream.path);
    stream.events?.message(encodeRequest(configuration));
    const message = encodeRequest(append(produceBatch(topicId, batchOf(['x'.repeat(2_000_000)]))));
    for (let count = 0; count < 16; count += 1) {
      stream.events?.message(message.slice());
      await sim.scheduler.runFor(1);
    }
    expect(stream.status?.code).toBe('INVALID_ARGUMENT');
  });
});

function encodeRequest(message: typeof configuration | ReturnType<typeof append>): Uint8Array {
  return encodeMessage(producerService.produceStream.request, message);
}
