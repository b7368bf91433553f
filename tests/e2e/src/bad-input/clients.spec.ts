import { setTimeout as sleep } from 'node:timers/promises';
import { createMoldau, type Moldau } from '@moldau/client';
import { type SpawnedStandalone, spawnStandalone, tcpProxy } from '@moldau/harness';
import {
  type FetchStreamRequest,
  type FetchStreamResponse,
  fetchService,
  gatewayService,
  openStream,
  type ReadResponse,
} from '@moldau/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batchOf } from '../fixture/batches.ts';
import { residentBytes } from '../fixture/process-memory.ts';
import { type RawBroker, rawBroker } from '../fixture/raw-broker.ts';
import { createTopic } from '../fixture/topic.ts';

let server: SpawnedStandalone;
let moldau: Moldau;

const MIB = 2 ** 20;
/** What a broker may take for one client that misbehaves: its window, its stream's buffer, and what V8 has not collected. */
const MEMORY_GROWTH_MAX = 200 * MIB;

beforeAll(async () => {
  server = await spawnStandalone();
  moldau = createMoldau({ bootstrap: server.address });
  await createTopic(moldau, 'big', { configs: { flush: 'async' } });
  const producer = moldau.producer();
  const value = Buffer.alloc(100_000, 'x');
  await Promise.all(Array.from({ length: 1000 }, () => producer.send({ topic: 'big', value })));
  await producer.close();
});

afterAll(async () => {
  await moldau?.close();
  await server?.dispose();
});

/** Milliseconds that another client's acknowledged write takes. */
async function writeMs(): Promise<number> {
  const begin = performance.now();
  const producer = moldau.producer();
  await producer.send({ topic: 'big', value: Buffer.from('another client') });
  await producer.close();
  return performance.now() - begin;
}

/** More than any reader opens (32 MiB), and still small enough when compressed, by snappy too. */
const BOMB_BYTES = 48 * MIB;

/** The default of `streams.perPeer`. */
const STREAMS_PER_CONNECTION = 100;

const ignore = (): void => {};

describe('a client that stops reading', () => {
  it('fills its own window and no more: memory stays bounded and others go on', async () => {
    const before = residentBytes(server.process.pid);
    using raw = rawBroker(server.address);
    const topicId = await raw.topicId('big');
    const streams = Array.from({ length: 5 }, () => {
      const stream = openStream<FetchStreamRequest, FetchStreamResponse>(
        raw.channel,
        fetchService.fetchStream,
        {},
        { message: ignore, closed: ignore },
      );
      stream.send({ frame: { $case: 'configuration', value: { isolation: 0, creditBytes: 1024 * MIB } } });
      stream.send({ frame: { $case: 'assign', value: { positions: [{ positionId: 1, topicId, partition: 0, fetchOffset: 0 }] } } });
      stream.pause();
      return stream;
    });
    const reading = openStream(raw.channel, gatewayService.read, {}, { message: ignore, closed: ignore });
    reading.send({ topic: 'big', partitions: [], from: { $case: 'earliest', value: {} }, stopAtEnd: false, isolation: 0 });
    reading.pause();
    await sleep(2000);
    expect(await writeMs()).toBeLessThan(5000);
    expect(residentBytes(server.process.pid) - before).toBeLessThan(MEMORY_GROWTH_MAX);
    for (const stream of streams) stream.cancel();
    reading.cancel();
    expect(await writeMs()).toBeLessThan(5000);
  });
});

describe('a client that cancels', () => {
  it('more streams than it may have at once, one after the other, may open the next', async () => {
    using raw = rawBroker(server.address);
    const topicId = await raw.topicId('big');
    for (let count = 0; count <= STREAMS_PER_CONNECTION; count++) {
      const { promise: answered, resolve } = Promise.withResolvers<string>();
      const stream = openStream<FetchStreamRequest, FetchStreamResponse>(
        raw.channel,
        fetchService.fetchStream,
        {},
        { message: () => resolve('answered'), closed: (error) => resolve(error?.reason ?? 'OK') },
      );
      stream.send({ frame: { $case: 'configuration', value: { isolation: 0, creditBytes: MIB } } });
      stream.send({ frame: { $case: 'assign', value: { positions: [{ positionId: 1, topicId, partition: 0, fetchOffset: 0 }] } } });
      expect(await answered, `stream ${count}`).toBe('answered');
      stream.cancel();
    }
  });
});

describe('a client that vanishes', () => {
  it('in the middle of streams leaves nothing behind', async () => {
    const proxy = await tcpProxy({ target: server.address });
    for (let round = 0; round < 10; round++) {
      using raw = rawBroker(proxy.address);
      const topicId = await raw.topicId('big');
      const stream = openStream<FetchStreamRequest, FetchStreamResponse>(
        raw.channel,
        fetchService.fetchStream,
        {},
        { message: ignore, closed: ignore },
      );
      stream.send({ frame: { $case: 'configuration', value: { isolation: 0, creditBytes: 1024 * MIB } } });
      stream.send({ frame: { $case: 'assign', value: { positions: [{ positionId: 1, topicId, partition: 0, fetchOffset: 0 }] } } });
      void raw.produce(topicId, batchOf([Buffer.alloc(500_000)])).catch(ignore);
      await sleep(20);
      proxy.reset();
    }
    await proxy.close();
    expect(await writeMs()).toBeLessThan(5000);
  });

  it('without a word, as when a cable is cut, is not waited for', async () => {
    const proxy = await tcpProxy({ target: server.address });
    using raw = rawBroker(proxy.address);
    const topicId = await raw.topicId('big');
    proxy.setFault('blackhole');
    void raw.produce(topicId, batchOf(['never arrives'])).catch(ignore);
    expect(await writeMs()).toBeLessThan(5000);
    await proxy.close();
  });
});

describe('a decompression bomb', () => {
  it.each(['gzip', 'zstd', 'snappy', 'lz4'] as const)(
    'of %s is refused where it would be opened, in bounded memory, and others go on',
    async (compression) => {
      const topic = `bomb-${compression}`;
      await createTopic(moldau, topic, { configs: { 'max.message.bytes': '8000000' } });
      using raw = rawBroker(server.address);
      const bomb = batchOf([Buffer.alloc(BOMB_BYTES)], { compression });
      expect(bomb.length).toBeLessThan(4 * MIB);
      const topicId = await raw.topicId(topic);
      const before = residentBytes(server.process.pid);
      const produced = await raw.produce(topicId, bomb);
      if (produced.error !== undefined) {
        expect(['DECOMPRESSION_LIMIT_EXCEEDED', 'RECORD_TOO_LARGE', 'CORRUPT_BATCH']).toContain(produced.error.reason);
      } else {
        const reading = readGateway(raw, topic);
        expect(await writeMs()).toBeLessThan(5000);
        expect(await reading).toMatchObject({ reason: 'DECOMPRESSION_LIMIT_EXCEEDED' });
      }
      expect(residentBytes(server.process.pid) - before).toBeLessThan(MEMORY_GROWTH_MAX);
      expect(await writeMs()).toBeLessThan(5000);
    },
  );
});

/** Reads a topic to its end; answers with how that failed. */
function readGateway(raw: RawBroker, topic: string): Promise<unknown> {
  return new Promise((resolve) => {
    const stream = openStream(
      raw.channel,
      gatewayService.read,
      {},
      {
        message: (_: ReadResponse) => {},
        closed: resolve,
      },
    );
    stream.send({ topic, partitions: [], from: { $case: 'earliest', value: {} }, stopAtEnd: true, isolation: 0 });
    stream.end();
  });
}
