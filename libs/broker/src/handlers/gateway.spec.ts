import { Acks, gatewayService, type NewRecord, type PublishRequest, type ReadRequest, type ReadResponse } from '@moldau/protocol';
import { partitionForKey } from '@moldau/records';
import { describe, expect, it } from 'vitest';
import { batchOf, openDirect, SimBroker } from '../testing/sim-broker.ts';

const record = (value: string | undefined, rest: Partial<NewRecord> = {}): NewRecord => ({
  key: undefined,
  value: value === undefined ? undefined : Buffer.from(value),
  headers: [],
  timestampMs: undefined,
  partition: undefined,
  ...rest,
});
const publish = (topic: string, records: NewRecord[], acks: Acks = Acks.UNSPECIFIED): PublishRequest => ({ topic, records, acks });
const read = (topic: string, rest: Partial<ReadRequest> = {}): ReadRequest => ({
  topic,
  partitions: [],
  from: { $case: 'earliest', value: {} },
  maxRecords: undefined,
  stopAtEnd: false,
  isolation: 0,
  ...rest,
});
const valuesOf = (messages: readonly ReadResponse[]): string[] =>
  messages.flatMap(({ records }) => records.map(({ value }) => Buffer.from(value ?? new Uint8Array(0)).toString()));

async function readAll(sim: SimBroker, request: ReadRequest): Promise<string[]> {
  const opened = sim.open(gatewayService.read);
  opened.call.send(request);
  await sim.scheduler.runFor(300);
  expect(opened.closed).toBe('OK');
  return valuesOf(opened.messages);
}

describe('Publish', () => {
  it('puts equal keys together, the others by turns, and gives each record its offset', async () => {
    const sim = await SimBroker.started();
    await sim.topic('orders', { partitions: 4 });
    const keyed = record('a', { key: Buffer.from('customer-7') });
    const { results } = await sim.call(
      gatewayService.publish,
      publish('orders', [keyed, keyed, record('b', { partition: 3 }), record('c'), record('d')]),
    );
    const home = partitionForKey(Buffer.from('customer-7'), 4);
    expect(results.slice(0, 3).map(({ partition }) => partition)).toEqual([home, home, 3]);
    expect(results[1]!.offset! - results[0]!.offset!).toBe(1);
    expect(results[3]?.partition).not.toBe(results[4]?.partition);
    expect(results.every(({ error }) => error === undefined)).toBe(true);
  });

  it('fails records alone', async () => {
    const sim = await SimBroker.started();
    await sim.topic('small', { configs: { 'max.message.bytes': '500', 'cleanup.policy': 'compact' } });
    const key = Buffer.from('k');
    const { results } = await sim.call(
      gatewayService.publish,
      publish('small', [
        record('a', { key }),
        record('x'.repeat(600), { key }),
        record('no key'),
        record('b', { key, partition: 9 }),
        record('late', { key, timestampMs: 1_767_225_600_000 + 2 * 3_600_000 }),
        record('negative', { key, timestampMs: -1 }),
        record(undefined, { key }),
      ]),
    );
    expect(results.map(({ offset, error }) => error?.reason ?? offset)).toEqual([
      0,
      'RECORD_TOO_LARGE',
      'NULL_KEY_ON_COMPACTED_TOPIC',
      'UNKNOWN_PARTITION',
      'INVALID_TIMESTAMP',
      'INVALID_REQUEST',
      1,
    ]);
  });

  it('splits what does not fit one batch', async () => {
    const sim = await SimBroker.started();
    await sim.topic('small', { configs: { 'max.message.bytes': '1000' } });
    const { results } = await sim.call(
      gatewayService.publish,
      publish(
        'small',
        Array.from({ length: 30 }, () => record('x'.repeat(100))),
      ),
    );
    expect(results.map(({ offset }) => offset)).toEqual(Array.from({ length: 30 }, (_, at) => at));
  });

  it('refuses unknown topics and illegal names as a whole', async () => {
    const sim = await SimBroker.started();
    await expect(sim.call(gatewayService.publish, publish('nothing', []))).rejects.toMatchObject({ reason: 'UNKNOWN_TOPIC' });
    await expect(sim.call(gatewayService.publish, publish('a b', []))).rejects.toMatchObject({ reason: 'INVALID_TOPIC_NAME' });
    const many = Array.from({ length: 10_001 }, () => record(''));
    await expect(sim.call(gatewayService.publish, publish('x', many))).rejects.toMatchObject({ reason: 'INVALID_REQUEST' });
  });

  it('streams requests, answering each by its id', async () => {
    const sim = await SimBroker.started();
    await sim.topic('orders');
    const opened = sim.open(gatewayService.publishStream);
    for (let id = 1; id <= 5; id += 1)
      opened.call.send({ requestId: id, publish: publish(id === 3 ? 'nothing' : 'orders', [record(`${id}`)]) });
    opened.call.end();
    await sim.scheduler.runFor(200);
    const answers = opened.messages.flatMap(({ frame }) => (frame?.$case === 'answer' ? [frame.value] : []));
    expect(answers.map(({ requestId }) => requestId).sort()).toEqual([1, 2, 3, 4, 5]);
    expect(answers.find(({ requestId }) => requestId === 3)?.error?.reason).toBe('UNKNOWN_TOPIC');
    expect(answers.find(({ requestId }) => requestId === 5)?.results[0]?.offset).toBe(3);
    expect(opened.closed).toBe('OK');
  });
});

describe('Read', () => {
  async function filled(): Promise<{ sim: SimBroker; topicId: string }> {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    await sim.produce(topicId, [
      batchOf(['a', 'b'], { timestampMs: 1_000, compression: 'gzip' }),
      batchOf(['c', 'd'], { timestampMs: 2_000, compression: 'zstd' }),
      batchOf(['e'], { timestampMs: 3_000 }),
    ]);
    return { sim, topicId };
  }

  it('reads from every kind of position to the end', async () => {
    const { sim } = await filled();
    const from = (value: ReadRequest['from']) => readAll(sim, read('orders', { stopAtEnd: true, from: value }));
    expect(await from({ $case: 'earliest', value: {} })).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(await from({ $case: 'offset', value: 3 })).toEqual(['d', 'e']);
    expect(await from({ $case: 'timestampMs', value: 1_500 })).toEqual(['c', 'd', 'e']);
    expect(await from({ $case: 'timestampMs', value: 9_000 })).toEqual([]);
    expect(await from({ $case: 'latest', value: {} })).toEqual([]);
    expect(await from(undefined)).toEqual([]);
    expect(await from({ $case: 'lastMs', value: 1_767_225_600_000 + 3_600_000 })).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('stops after max_records', async () => {
    const { sim } = await filled();
    expect(await readAll(sim, read('orders', { maxRecords: 3 }))).toEqual(['a', 'b', 'c']);
  });

  it('goes on with what comes, and shows that it lives', async () => {
    const { sim, topicId } = await filled();
    const opened = sim.open(gatewayService.read);
    opened.call.send(read('orders', { from: undefined }));
    await sim.scheduler.runFor(50);
    await sim.produce(topicId, [batchOf(['f'], { compression: 'lz4' })]);
    await sim.scheduler.runFor(50);
    expect(valuesOf(opened.messages)).toEqual(['f']);
    await sim.scheduler.runFor(10_100);
    expect(opened.messages.at(-1)).toMatchObject({ records: [] });
    expect(opened.closed).toBeUndefined();
  });

  it('carries keys, nulls, headers and times', async () => {
    const sim = await SimBroker.started();
    await sim.topic('orders');
    const headers = [
      { key: 'h', value: Buffer.from('1') },
      { key: 'h', value: undefined },
    ];
    await sim.call(gatewayService.publish, publish('orders', [record(undefined, { key: Buffer.from('k'), headers, timestampMs: 77 })]));
    const opened = sim.open(gatewayService.read);
    opened.call.send(read('orders', { stopAtEnd: true }));
    await sim.scheduler.runFor(100);
    const [got] = opened.messages[0]?.records ?? [];
    expect(got).toMatchObject({ partition: 0, offset: 0, timestampMs: 77, value: undefined });
    expect(Buffer.from(got?.key ?? []).toString()).toBe('k');
    expect(got?.headers.map(({ key, value }) => [key, value === undefined ? null : Buffer.from(value).toString()])).toEqual([
      ['h', '1'],
      ['h', null],
    ]);
  });

  it('refuses a decompression bomb and ends only its own stream', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    const bomb = await bombOf(64 * 1024 * 1024);
    expect(bomb.length).toBeLessThan(200_000);
    const [result] = await sim.produce(topicId, [bomb]);
    expect(result?.error).toBeUndefined();
    const opened = sim.open(gatewayService.read);
    opened.call.send(read('orders', { stopAtEnd: true }));
    await sim.scheduler.runFor(200);
    expect(opened.closed).toBe('DECOMPRESSION_LIMIT_EXCEEDED');
    expect(sim.broker.readiness()).toEqual({ ready: true });
  });

  it.each([
    ['an unknown topic', read('nothing'), 'UNKNOWN_TOPIC'],
    ['an unknown partition', read('orders', { partitions: [4] }), 'UNKNOWN_PARTITION'],
    ['max_records below 1', read('orders', { maxRecords: 0 }), 'INVALID_REQUEST'],
    ['an offset out of range', read('orders', { from: { $case: 'offset', value: 99 } }), 'OFFSET_OUT_OF_RANGE'],
  ])('ends at %s', async (_name, request, reason) => {
    const { sim } = await filled();
    const opened = sim.open(gatewayService.read);
    opened.call.send(request);
    await sim.scheduler.runFor(100);
    expect(opened.closed).toBe(reason);
  });

  it('makes no further message for a caller that does not read, and loses nothing', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    for (let count = 0; count < 10; count += 1) await sim.produce(topicId, [batchOf([`${count}${'x'.repeat(100_000)}`])]);
    const stream = openDirect(sim, gatewayService.read.path);
    stream.writable = false;
    stream.events?.message(gatewayService.read.request.encode(read('orders', { stopAtEnd: true })).finish());
    await sim.scheduler.runFor(500);
    expect(stream.written).toHaveLength(1);
    for (let count = 0; count < 10; count += 1) {
      stream.events?.drained();
      await sim.scheduler.runFor(20);
    }
    const got = valuesOf(stream.written.map((bytes) => gatewayService.read.response.decode(bytes)));
    expect(got.map((value) => value[0])).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    expect(stream.status?.code).toBe('OK');
  });
});

describe('the Gateway of one broker with partitions on another', () => {
  async function pair(): Promise<{ sim: SimBroker; topicId: string }> {
    const sim = await SimBroker.started();
    const peer = new SimBroker({ brokerId: 2 as never }, undefined, sim);
    await sim.scheduler.until(peer.broker.start());
    return { sim, topicId: await sim.topic('orders', { leader: 2 }) };
  }

  it('publishes there and reads from there, what is and what comes', async () => {
    const { sim } = await pair();
    const opened = sim.open(gatewayService.read);
    opened.call.send(read('orders'));
    const { results } = await sim.call(gatewayService.publish, publish('orders', [record('a'), record('b')]));
    expect(results.map(({ offset, error }) => error?.reason ?? offset)).toEqual([0, 1]);
    await sim.scheduler.runFor(100);
    await sim.call(gatewayService.publish, publish('orders', [record('c')]));
    await sim.scheduler.runFor(100);
    expect(valuesOf(opened.messages)).toEqual(['a', 'b', 'c']);
    expect(await readAll(sim, read('orders', { stopAtEnd: true, from: { $case: 'offset', value: 1 } }))).toEqual(['b', 'c']);
  });

  it('names the leader and its address to producers that know leaders', async () => {
    const { sim, topicId } = await pair();
    const [result] = await sim.produce(topicId, [batchOf(['a'])]);
    expect(Object.fromEntries(result?.error?.metadata ?? [])).toMatchObject({ leader: '2', leader_address: 'peer:9092' });
  });

  it('fails the records alone whose leader can not be reached: surely not written before there was a connection, unknown after', async () => {
    const { sim } = await pair();
    const once = async () => {
      const { results } = await sim.call(gatewayService.publish, publish('orders', [record('a')]), { timeoutMs: 5_000 });
      return results[0]?.error;
    };
    sim.network.partition(['broker'], ['peer']);
    expect(await once()).toMatchObject({ reason: 'SERVER_UNREACHABLE', certainty: 1, retriable: true });
    sim.network.heal();
    await sim.scheduler.runFor(5_000);
    expect(await once()).toBeUndefined();
    sim.network.partition(['broker'], ['peer']);
    await expect(once()).rejects.toMatchObject({ certainty: 'indefinite', retriable: true });
  });
});

/** A small batch that claims one record and decompresses to `size` zeroes. */
async function bombOf(size: number): Promise<Uint8Array> {
  const { gzipSync } = await import('node:zlib');
  const { renewCrc } = await import('@moldau/records');
  const head = batchOf(['x'], { compression: 'gzip' }).subarray(0, 61);
  const bytes = new Uint8Array(Buffer.concat([head, gzipSync(Buffer.alloc(size))]));
  new DataView(bytes.buffer).setInt32(8, bytes.length - 12);
  renewCrc(bytes, 0);
  return bytes;
}
