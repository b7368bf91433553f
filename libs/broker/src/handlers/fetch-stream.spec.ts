import { decodeMessage, encodeMessage, type FetchStreamRequest, type FetchStreamResponse, fetchService } from '@moldau/protocol';
import { baseOffsetAt, batchesIn } from '@moldau/records';
import { describe, expect, it } from 'vitest';
import { batchOf, openDirect, SimBroker } from '../testing/sim-broker.ts';

type Frame = NonNullable<FetchStreamRequest['frame']>;

const configure = (creditBytes?: number, maxMessageBytes?: number): FetchStreamRequest => ({
  frame: { $case: 'configuration', value: { isolation: 0, maxMessageBytes, creditBytes } },
});
const assign = (
  ...positions: { positionId: number; topicId: string; partition?: number; fetchOffset?: number; leaderEpoch?: number }[]
): FetchStreamRequest => ({
  frame: {
    $case: 'assign',
    value: {
      positions: positions.map(({ partition = 0, fetchOffset = 0, leaderEpoch, ...rest }) => ({
        ...rest,
        partition,
        fetchOffset,
        leaderEpoch,
      })),
    },
  },
});
const frame = (value: Frame): FetchStreamRequest => ({ frame: value });

interface Seen {
  readonly positionId: number;
  readonly offsets: number[];
  readonly error: string | undefined;
}

function seen(messages: readonly FetchStreamResponse[]): Seen[] {
  return messages.flatMap(({ frame: received }) =>
    received?.$case !== 'records'
      ? []
      : received.value.partitions.map(({ positionId, recordBatches, error }) => ({
          positionId,
          offsets: [...batchesIn(recordBatches)].map(({ position }) => baseOffsetAt(recordBatches, position)),
          error: error?.reason,
        })),
  );
}

const offsetsOf = (messages: readonly FetchStreamResponse[], positionId: number): number[] =>
  seen(messages).flatMap((one) => (one.positionId === positionId ? one.offsets : []));

const manyIds = Array.from({ length: 10_001 }, (_, at) => at);
const manyPositions = manyIds.map((positionId) => ({ positionId, topicId: 'nothing' }));

describe('FetchStream', () => {
  it('pushes what is there and what comes, and says when it is at the end', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    const { call, messages } = sim.open(fetchService.fetchStream);
    call.send(configure());
    call.send(assign({ positionId: 5, topicId }));
    await sim.scheduler.runFor(50);
    expect(seen(messages)).toEqual([{ positionId: 5, offsets: [], error: undefined }]);
    await sim.produce(topicId, [batchOf(['a', 'b']), batchOf(['c'])]);
    await sim.produce(topicId, [batchOf(['d'])]);
    await sim.scheduler.runFor(50);
    expect(offsetsOf(messages, 5)).toEqual([0, 2, 3]);
  });

  it('sends no more than the credit allows, and goes on with more', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    const size = batchOf(['x'.repeat(1_000)]).length;
    await sim.produce(
      topicId,
      Array.from({ length: 6 }, () => batchOf(['x'.repeat(1_000)])),
    );
    const { call, messages } = sim.open(fetchService.fetchStream);
    call.send(configure(size * 2));
    call.send(assign({ positionId: 1, topicId }));
    await sim.scheduler.runFor(100);
    expect(offsetsOf(messages, 1)).toEqual([0, 1]);
    call.send(frame({ $case: 'credit', value: { bytes: size - 1 } }));
    await sim.scheduler.runFor(100);
    expect(offsetsOf(messages, 1)).toEqual([0, 1]);
    call.send(frame({ $case: 'credit', value: { bytes: 1 + 3 * size } }));
    await sim.scheduler.runFor(100);
    expect(offsetsOf(messages, 1)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('is fair: no partition waits for another to be read to its end', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders', { partitions: 3 });
    for (const partition of [0, 1, 2]) {
      await sim.produce(
        topicId,
        Array.from({ length: 20 }, () => batchOf(['x'.repeat(900)])),
        { partition },
      );
    }
    const { call, messages } = sim.open(fetchService.fetchStream);
    call.send(configure(undefined, 2_000));
    call.send(assign(...[0, 1, 2].map((partition) => ({ positionId: partition, topicId, partition }))));
    await sim.scheduler.runFor(1_000);
    const order = seen(messages).map(({ positionId }) => positionId);
    expect(new Set(order.slice(0, 3))).toEqual(new Set([0, 1, 2]));
    for (const partition of [0, 1, 2]) expect(offsetsOf(messages, partition)).toEqual(Array.from({ length: 20 }, (_, at) => at));
  });

  it('moves a position that is assigned again, and tells old from new by its id', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    await sim.produce(topicId, [batchOf(['a']), batchOf(['b']), batchOf(['c'])]);
    const { call, messages } = sim.open(fetchService.fetchStream);
    call.send(configure());
    call.send(assign({ positionId: 1, topicId }));
    await sim.scheduler.runFor(50);
    call.send(assign({ positionId: 2, topicId, fetchOffset: 2 }));
    await sim.scheduler.runFor(50);
    expect(offsetsOf(messages, 1)).toEqual([0, 1, 2]);
    expect(offsetsOf(messages, 2)).toEqual([2]);
    await sim.produce(topicId, [batchOf(['d'])]);
    await sim.scheduler.runFor(50);
    expect(offsetsOf(messages, 1)).toEqual([0, 1, 2]);
    call.send(frame({ $case: 'unassign', value: { positionIds: [2, 99] } }));
    await sim.scheduler.runFor(20);
    await sim.produce(topicId, [batchOf(['e'])]);
    expect(offsetsOf(messages, 2)).toEqual([2, 3]);
  });

  it('ends a position alone that can not be read, at once or later', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders', { partitions: 2 });
    const opened = sim.open(fetchService.fetchStream);
    opened.call.send(configure());
    opened.call.send(
      assign(
        { positionId: 1, topicId: 'nothing' },
        { positionId: 2, topicId, fetchOffset: 7 },
        { positionId: 3, topicId, partition: 1, leaderEpoch: 9 },
        { positionId: 4, topicId, partition: 1 },
      ),
    );
    await sim.scheduler.runFor(50);
    sim.controller.setPartition(topicId, 1, 2, { leader: 2, replicas: [1, 2] });
    await sim.scheduler.runFor(50);
    const errors = seen(opened.messages).filter(({ error }) => error !== undefined);
    expect(errors.map(({ positionId, error }) => [positionId, error])).toEqual([
      [1, 'UNKNOWN_TOPIC'],
      [2, 'OFFSET_OUT_OF_RANGE'],
      [4, 'NOT_LEADER'],
    ]);
    expect(opened.closed).toBeUndefined();
  });

  it('costs one message of memory when the client stops reading, and recovers', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    for (let count = 0; count < 20; count += 1) await sim.produce(topicId, [batchOf(['x'.repeat(100_000)])]);
    const stream = openDirect(sim, fetchService.fetchStream.path);
    stream.writable = false;
    const send = (message: FetchStreamRequest): void => stream.events?.message(encodeMessage(fetchService.fetchStream.request, message));
    send(configure(undefined, 250_000));
    send(assign({ positionId: 1, topicId }));
    await sim.scheduler.runFor(20_000);
    expect(stream.written).toHaveLength(1);
    expect(stream.written[0]?.length).toBeLessThan(260_000);
    for (let count = 0; count < 20; count += 1) {
      stream.events?.drained();
      await sim.scheduler.runFor(10);
    }
    const messages = stream.written.map((bytes) => decodeMessage(fetchService.fetchStream.response, bytes));
    expect(offsetsOf(messages, 1)).toEqual(Array.from({ length: 20 }, (_, at) => at));
    stream.close({ code: 'CANCELLED', message: '' });
    await sim.scheduler.runFor(10);
    expect(sim.meter.value('moldau_budget_used_bytes', 'fetch')).toBe(0);
  });

  it('reads no more from a client that assigns what is not there and does not read the errors', async () => {
    const sim = await SimBroker.started();
    const stream = openDirect(sim, fetchService.fetchStream.path);
    stream.writable = false;
    const send = (message: FetchStreamRequest): void => stream.events?.message(encodeMessage(fetchService.fetchStream.request, message));
    send(configure());
    expect(stream.paused).toBe(false);
    send(assign({ positionId: 1, topicId: 'nothing' }));
    expect(stream.paused).toBe(true);
    stream.events?.drained();
    expect(stream.paused).toBe(false);
  });

  it('ends a stream whose client has not read for long, so that it holds nobody up', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    await sim.produce(topicId, [batchOf(['a'])]);
    const stream = openDirect(sim, fetchService.fetchStream.path);
    stream.writable = false;
    for (const message of [configure(), assign({ positionId: 1, topicId })]) {
      stream.events?.message(encodeMessage(fetchService.fetchStream.request, message));
    }
    await sim.scheduler.runFor(61_000);
    expect(stream.status?.code).toBe('RESOURCE_EXHAUSTED');
    expect(sim.meter.value('moldau_budget_used_bytes', 'fetch')).toBe(0);
  });

  it('shows that it lives after 5 s of silence', async () => {
    const sim = await SimBroker.started();
    const { call, messages } = sim.open(fetchService.fetchStream);
    call.send(configure());
    await sim.scheduler.runFor(10_500);
    expect(messages.map(({ frame: received }) => received?.$case)).toEqual(['heartbeat', 'heartbeat']);
  });

  it.each([
    ['an assign before the configuration', [assign()]],
    ['a second configuration', [configure(), configure()]],
    ['no credit', [configure(0)]],
    ['more positions in a message than a stream may have', [configure(), assign(...manyPositions)]],
    ['more position ids than that', [configure(), frame({ $case: 'unassign', value: { positionIds: manyIds } })]],
    ['an empty credit', [configure(), frame({ $case: 'credit', value: { bytes: 0 } })]],
  ])('ends at %s', async (_name, messages) => {
    const sim = await SimBroker.started();
    const opened = sim.open(fetchService.fetchStream);
    for (const message of messages) opened.call.send(message);
    await sim.scheduler.runFor(50);
    expect(opened.closed).toBe('INVALID_REQUEST');
  });
});
