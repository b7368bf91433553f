import { setTimeout as sleep } from 'node:timers/promises';
import { createMoldau, type Moldau } from '@moldau/client';
import { type SpawnedStandalone, spawnStandalone } from '@moldau/harness';
import { type FetchStreamRequest, type FetchStreamResponse, fetchService, openStream } from '@moldau/protocol';
import { batchesIn, countAt } from '@moldau/records';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batchOf } from './fixture/batches.ts';
import { type RawBroker, rawBroker } from './fixture/raw-broker.ts';
import { createTopic } from './fixture/topic.ts';

let server: SpawnedStandalone;
let moldau: Moldau;
let raw: RawBroker;

beforeAll(async () => {
  server = await spawnStandalone();
  moldau = createMoldau({ bootstrap: server.address });
  raw = rawBroker(server.address);
});

afterAll(async () => {
  raw?.[Symbol.dispose]();
  await moldau?.close();
  await server?.dispose();
});

async function topic(name: string, partitions = 1): Promise<string> {
  await createTopic(moldau, name, { partitions });
  return raw.topicId(name);
}

function recordsIn(batches: Uint8Array): number {
  let records = 0;
  for (const { position } of batchesIn(batches)) records += countAt(batches, position);
  return records;
}

describe('a long poll', () => {
  it('waits at the end of the log, no longer than it was told to', async () => {
    const topicId = await topic('quiet');
    const begin = performance.now();
    expect((await raw.fetch({ topicId }, 300)).recordBatches).toHaveLength(0);
    expect(performance.now() - begin).toBeGreaterThan(290);
    expect(performance.now() - begin).toBeLessThan(3000);
  });

  it('is answered at once by what arrives meanwhile', async () => {
    const topicId = await topic('soon');
    const begin = performance.now();
    const fetching = raw.fetch({ topicId }, 10_000);
    await sleep(100);
    await raw.produce(topicId, batchOf(['here']));
    expect(recordsIn((await fetching).recordBatches)).toBe(1);
    expect(performance.now() - begin).toBeLessThan(5000);
  });

  it('over many partitions waits for min_bytes, and stops at max_bytes', async () => {
    const topicId = await topic('bytes', 10);
    const partitions = Array.from({ length: 10 }, (_, partition) => ({ topicId, partition, fetchOffset: 0 }));
    for (let partition = 0; partition < 10; partition++) await raw.produce(topicId, batchOf([Buffer.alloc(10_000)]), { partition });
    const fetch = { isolation: 0 as const, partitions };
    const some = await raw.call(fetchService.fetch, { ...fetch, maxWaitMs: 5000, minBytes: 1, maxBytes: 25_000 });
    const bytes = some.partitions.reduce((sum, { recordBatches }) => sum + recordBatches.length, 0);
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThan(40_000);
    const begin = performance.now();
    await raw.call(fetchService.fetch, { ...fetch, maxWaitMs: 300, minBytes: 10_000_000 });
    expect(performance.now() - begin).toBeGreaterThan(290);
  });
});

describe('a fetch stream', () => {
  it('pushes within its credit, goes on with more, and follows a new position', async () => {
    const topicId = await topic('pushed');
    for (let index = 0; index < 20; index++) await raw.produce(topicId, batchOf([Buffer.alloc(10_000)]));
    let bytes = 0;
    const positions = new Set<number>();
    const stream = openStream<FetchStreamRequest, FetchStreamResponse>(
      raw.channel,
      fetchService.fetchStream,
      {},
      {
        message({ frame }): void {
          if (frame?.$case !== 'records') return;
          for (const partition of frame.value.partitions) {
            bytes += partition.recordBatches.length;
            if (partition.recordBatches.length > 0) positions.add(Number(partition.positionId));
          }
        },
        closed: () => {},
      },
    );
    const assign = (positionId: number, fetchOffset: number): boolean =>
      stream.send({ frame: { $case: 'assign', value: { positions: [{ positionId, topicId, partition: 0, fetchOffset }] } } });
    stream.send({ frame: { $case: 'configuration', value: { isolation: 0, creditBytes: 30_500, maxMessageBytes: 11_000 } } });
    assign(1, 0);
    await expect.poll(() => bytes, { timeout: 5000 }).toBeGreaterThan(20_000);
    await sleep(200);
    expect(bytes).toBeLessThanOrEqual(41_000);
    stream.send({ frame: { $case: 'credit', value: { bytes: 1_000_000 } } });
    await expect.poll(() => bytes, { timeout: 5000 }).toBeGreaterThan(200_000);
    assign(2, 10);
    await expect.poll(() => positions.has(2), { timeout: 5000 }).toBe(true);
    stream.cancel();
  });

  it('pushes a record as it is written', async () => {
    const topicId = await topic('live');
    const arrived: number[] = [];
    const stream = openStream<FetchStreamRequest, FetchStreamResponse>(
      raw.channel,
      fetchService.fetchStream,
      {},
      {
        message({ frame }): void {
          if (frame?.$case === 'records') arrived.push(...frame.value.partitions.map(({ recordBatches }) => recordsIn(recordBatches)));
        },
        closed: () => {},
      },
    );
    stream.send({ frame: { $case: 'configuration', value: { isolation: 0 } } });
    stream.send({ frame: { $case: 'assign', value: { positions: [{ positionId: 1, topicId, partition: 0, fetchOffset: 0 }] } } });
    for (let index = 0; index < 10; index++) {
      await raw.produce(topicId, batchOf([String(index)]));
      await expect.poll(() => arrived.reduce((sum, records) => sum + records, 0), { timeout: 5000 }).toBe(index + 1);
    }
    stream.cancel();
  });
});
