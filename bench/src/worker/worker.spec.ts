import { type SpawnedStandalone, spawnStandalone } from '@moldau/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTopic, recordsIn } from '../scenarios/test-topic.ts';
import { Worker } from './worker.ts';

const START_TIMEOUT_MS = 60_000;

describe('Worker', () => {
  let standalone: SpawnedStandalone;
  let worker: Worker;

  beforeAll(async () => {
    standalone = await spawnStandalone();
    worker = await Worker.connect(standalone.address);
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await worker[Symbol.asyncDispose]();
    await standalone.dispose();
  }, START_TIMEOUT_MS);

  it('writes over all topics and partitions by turns, and reads what it wrote', async () => {
    const topics = [await createTopic(standalone.address, 3, 'sync'), await createTopic(standalone.address, 3, 'async')] as const;
    const produced = await worker.run({ kind: 'produce', topics: [...topics], records: 1200, size: 50, byTurns: 3 });
    expect(produced).toMatchObject({ records: 1200, bytes: 60_000 });
    for (const topic of topics) {
      expect(await recordsIn(standalone.address, topic, 3)).toBe(600);
      expect(await worker.run({ kind: 'consume', topic, records: 600 })).toMatchObject({ records: 600, bytes: 30_000 });
    }
  });

  it('reads the newest records only, and all of them where there are fewer', async () => {
    const topic = await createTopic(standalone.address, 2, 'sync');
    await worker.run({ kind: 'produce', topics: [topic], records: 1000, size: 100, byTurns: 2 });
    expect(await worker.run({ kind: 'consume', topic, records: 100, newest: true })).toMatchObject({ records: 100 });
    expect(await worker.run({ kind: 'consume', topic, records: 5000, newest: true })).toMatchObject({ records: 1000 });
  });

  it('times records end to end', async () => {
    const topic = await createTopic(standalone.address, 1, 'async');
    const figures = await worker.run({ kind: 'latency', topic, records: 50, size: 100, perSecond: 1000 });
    expect(figures.p50).toBeGreaterThan(0);
    expect(figures.max).toBeGreaterThanOrEqual(figures.p99);
  });

  it('answers a task that fails with the reason', async () => {
    const topic = await createTopic(standalone.address, 1, 'async');
    await expect(worker.run({ kind: 'consume', topic, records: 1 })).rejects.toThrow('0 records read, 1 were asked for');
    await expect(worker.run({ kind: 'produce', topics: ['absent'], records: 1, size: 1 })).rejects.toThrow("no topic 'absent'");
  });
});
