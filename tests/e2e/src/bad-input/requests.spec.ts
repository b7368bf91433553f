import { createMoldau, type Moldau } from '@moldau/client';
import { type SpawnedStandalone, spawnStandalone } from '@moldau/harness';
import { MoldauError } from '@moldau/kernel';
import { adminService, fetchService, type Method, producerService } from '@moldau/protocol';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { batchOf } from '../fixture/batches.ts';
import { type RawBroker, rawBroker } from '../fixture/raw-broker.ts';
import { createTopic } from '../fixture/topic.ts';

let server: SpawnedStandalone;
let moldau: Moldau;
let raw: RawBroker;
let topicId: string;

const TOPIC = 'requests';
const NOWHERE = '00000000-0000-4000-8000-000000000000';

beforeAll(async () => {
  server = await spawnStandalone();
  moldau = createMoldau({ bootstrap: server.address });
  await createTopic(moldau, TOPIC);
});

afterAll(async () => {
  await moldau?.close();
  await server?.dispose();
});

beforeEach(async () => {
  raw = rawBroker(server.address);
  topicId = await raw.topicId(TOPIC);
});

afterEach(async () => {
  expect((await raw.produce(topicId, batchOf(['the connection goes on']))).error).toBeUndefined();
  raw[Symbol.dispose]();
});

async function failure(call: Promise<unknown>): Promise<MoldauError> {
  const outcome = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(MoldauError);
  return outcome as MoldauError;
}

describe('an offset outside the log', () => {
  it.each([1_000_000, Number.MAX_SAFE_INTEGER])('%i is OFFSET_OUT_OF_RANGE with first and last offset', async (fetchOffset) => {
    const { error } = await raw.fetch({ topicId, fetchOffset });
    expect(error?.reason).toBe('OFFSET_OUT_OF_RANGE');
    expect(error?.metadata.get('first_offset')).toBe('0');
    expect(Number(error?.metadata.get('end_offset'))).toBeLessThan(1_000_000);
  });

  it('below zero is refused', async () => {
    const outcome = await raw.fetch({ topicId, fetchOffset: -1 }).then(
      ({ error }) => error?.reason,
      (error: unknown) => (error as MoldauError).reason,
    );
    expect(['INVALID_REQUEST', 'OFFSET_OUT_OF_RANGE']).toContain(outcome);
  });
});

describe('what is not there', () => {
  it('an unknown topic is named, beside the success of its neighbour', async () => {
    const { results } = await raw.call(producerService.produce, {
      acks: 1,
      batches: [
        { batchId: 1, topicId: NOWHERE, partition: 0, recordBatch: batchOf(['x']) },
        { batchId: 2, topicId, partition: 0, recordBatch: batchOf(['y']) },
      ],
    });
    expect(results[0]?.error).toMatchObject({ reason: 'UNKNOWN_TOPIC', message: expect.stringContaining(NOWHERE) as string });
    expect(results[1]?.error).toBeUndefined();
  });

  it.each([1, 0x7fff_ffff])('partition %i is UNKNOWN_PARTITION', async (partition) => {
    const { error } = await raw.produce(topicId, batchOf(['x']), { partition });
    expect(error).toMatchObject({ reason: 'UNKNOWN_PARTITION', message: expect.stringContaining(String(partition)) as string });
    expect(error?.metadata.get('limit')).toBe('0');
    expect((await raw.fetch({ topicId, partition })).error?.reason).toBe('UNKNOWN_PARTITION');
  });

  it.each(['', 'not-a-uuid', 'x'.repeat(10_000)])('a topic id that is none is refused', async (id) => {
    const outcome = await raw.produce(id, batchOf(['x'])).then(
      ({ error }) => error?.reason,
      (error: unknown) => (error as MoldauError).reason,
    );
    expect(['UNKNOWN_TOPIC', 'INVALID_REQUEST']).toContain(outcome);
  });

  it('a method that does not exist is UNIMPLEMENTED', async () => {
    const method: Method<object, object> = {
      ...(producerService.initProducer as Method<object, object>),
      path: '/moldau.v1.ProducerService/Nothing',
    };
    expect((await failure(raw.call(method, {}))).reason).toBe('UNKNOWN_METHOD');
  });
});

describe('names and settings of topics', () => {
  it.each(['', '.', '..', 'a/b', 'a b', 'ž', 'x'.repeat(250), '__internal', '\u0000'])('the name %j is refused', async (name) => {
    const [result] = await moldau.admin().createTopics([{ name, partitions: 1 }]);
    expect(result?.error).toMatchObject({ reason: 'INVALID_TOPIC_NAME', message: expect.stringContaining(`'${name}'`) as string });
  });

  it.each([
    ['no.such.setting', '1'],
    ['retention.ms', 'soon'],
    ['retention.ms', '-2'],
    ['segment.bytes', '1'],
    ['max.message.bytes', '99999999999'],
    ['cleanup.policy', 'shred'],
    ['flush', 'sometimes'],
    ['min.insync.replicas', '2'],
  ])('%s=%s is INVALID_CONFIG, naming both', async (name, value) => {
    const [result] = await moldau.admin().createTopics([{ name: 'never', partitions: 1, configs: { [name]: value } }]);
    expect(['INVALID_CONFIG', 'INVALID_REPLICATION_FACTOR']).toContain(result?.error?.reason);
    expect(result?.error?.message).toContain(name);
  });

  it.each([0, -1, 10_001, 0x7fff_ffff])('%i partitions are refused', async (partitions) => {
    const { results } = await raw.call(adminService.createTopics, {
      topics: [{ name: 'never', partitions, configs: new Map() }],
      dryRun: false,
    });
    expect(results[0]?.error).toMatchObject({
      reason: 'INVALID_PARTITIONS',
      message: expect.stringContaining(String(partitions)) as string,
    });
  });

  it.each([0, 2, 33])('a replication factor of %i is refused with one broker', async (replicationFactor) => {
    const { results } = await raw.call(adminService.createTopics, {
      topics: [{ name: 'never', partitions: 1, replicationFactor, configs: new Map() }],
      dryRun: false,
    });
    const message = expect.stringContaining(`replication factor ${replicationFactor}`) as string;
    expect(results[0]?.error).toMatchObject({ reason: 'INVALID_REPLICATION_FACTOR', message });
  });

  it('a second topic of the same name is TOPIC_EXISTS', async () => {
    const [result] = await moldau.admin().createTopics([{ name: TOPIC, partitions: 1 }]);
    expect(result?.error?.reason).toBe('TOPIC_EXISTS');
  });
});

describe('limits of calls', () => {
  it('a passed deadline is DEADLINE_EXCEEDED, and the call is given up on the server too', async () => {
    const waiting = { topicId, partition: 0, fetchOffset: (await raw.fetch({ topicId })).highWatermark };
    const begin = performance.now();
    const error = await failure(raw.call(fetchService.fetch, { maxWaitMs: 60_000, minBytes: 1, isolation: 0, partitions: [waiting] }, 200));
    expect(error.reason).toBe('REQUEST_TIMED_OUT');
    expect(performance.now() - begin).toBeLessThan(5000);
  });

  it('a message above 4 MiB is RESOURCE_EXHAUSTED', async () => {
    const batches = [{ batchId: 1, topicId, partition: 0, recordBatch: Buffer.alloc(5 * 2 ** 20) }];
    const error = await failure(raw.call(producerService.produce, { acks: 1, batches }));
    expect(error.reason).toBe('MESSAGE_TOO_LARGE');
  });

  it('bytes that are no message are INVALID_REQUEST', async () => {
    const garbage = Buffer.from('ffffffffffffffffffff', 'hex');
    const outcome = raw.channel.unary(producerService.produce.path, garbage, { timeoutMs: 5000 });
    await expect(outcome).rejects.toMatchObject({ status: { code: 'INVALID_ARGUMENT' } });
  });

  it.each([{ maxWaitMs: -1 }, { maxWaitMs: 60_001 }, { minBytes: -1 }, { maxBytes: -1 }, { maxBytes: 0x7fff_ffff }])(
    'a fetch with %j is INVALID_REQUEST',
    async (fields) => {
      const partitions = [{ topicId, partition: 0, fetchOffset: 0 }];
      expect((await failure(raw.call(fetchService.fetch, { isolation: 0, partitions, ...fields }))).reason).toBe('INVALID_REQUEST');
    },
  );

  it('more partitions than a request may name are INVALID_REQUEST', async () => {
    const partitions = Array.from({ length: 10_001 }, () => ({ topicId, partition: 0, fetchOffset: 0 }));
    expect((await failure(raw.call(fetchService.fetch, { isolation: 0, partitions }))).reason).toBe('INVALID_REQUEST');
  });
});
