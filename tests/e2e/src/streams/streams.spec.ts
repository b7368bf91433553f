import { createMoldau, type Moldau, serdes } from '@moldau/client';
import { scratchDirectory, startStandalone } from '@moldau/harness';
import { defineApplication, integerSerde, type StreamsApplication } from '@moldau/streams';
import { type StartStreamsOptions, type StreamsHandle, startStreams } from '@moldau/streams-runtime';
import { describe, expect, it } from 'vitest';

const TIMEOUT_MS = 60_000;
const text = { key: serdes.string, value: serdes.string };

const counting = (name: string, guarantee: 'at_least_once' | 'exactly_once'): StreamsApplication =>
  defineApplication({
    name,
    version: '1',
    settings: { guarantee, commitIntervalMs: 100 },
    build: (topology) => {
      topology
        .stream('words', text)
        .groupByKey()
        .count({ name: 'counts' })
        .toStream()
        .to('counted', { key: serdes.string, value: integerSerde });
    },
  });

async function until(what: string, met: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + TIMEOUT_MS / 2;
  while (!(await met())) {
    if (Date.now() > deadlineMs) throw new Error(`it did not happen in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function withCluster(topics: readonly string[], run: (moldau: Moldau, directory: string) => Promise<void>): Promise<void> {
  await using standalone = await startStandalone();
  await using moldau = createMoldau({ bootstrap: standalone.address });
  await moldau.admin().createTopics(topics.map((name) => ({ name, partitions: 4 })));
  using scratch = scratchDirectory('streams');
  await run(moldau, scratch.path);
}

async function write(moldau: Moldau, topic: string, from: number, to: number): Promise<void> {
  const producer = moldau.producer({ keySerializer: serdes.string, valueSerializer: serdes.string });
  for (let at = from; at < to; at++) void producer.send({ topic, key: `k${at % 10}`, value: `v${at}`, timestampMs: 1_000_000 + at });
  await producer.close();
}

/** All that a reader of committed records sees, in order per key. */
async function read(moldau: Moldau, topic: string): Promise<readonly (readonly [key: string, value: Uint8Array])[]> {
  const consumer = moldau.consumer({
    assignment: [{ topic }],
    isolation: 'read_committed',
    stopAtEnd: true,
    keyDeserializer: serdes.string,
  });
  const seen: (readonly [string, Uint8Array])[] = [];
  for await (const { key, value } of consumer) seen.push([key ?? '', value ?? new Uint8Array()]);
  await consumer.close();
  return seen;
}

async function counts(moldau: Moldau): Promise<Readonly<Record<string, number>>> {
  const rows = await read(moldau, 'counted');
  return Object.fromEntries(rows.map(([key, value]) => [key, integerSerde.deserialize(value, 'counted')]));
}

const eachKey = (count: number): Readonly<Record<string, number>> =>
  Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`k${index}`, count]));

async function countsBecome(moldau: Moldau, count: number): Promise<void> {
  const wanted = JSON.stringify(eachKey(count));
  await until(`every key is counted ${count} times`, async () => {
    const found = await counts(moldau);
    return JSON.stringify(Object.fromEntries(Object.entries(found).sort())) === wanted;
  });
}

const startIn = (cluster: Moldau, stateDirectory: string, options: Pick<StartStreamsOptions, 'application'>): Promise<StreamsHandle> =>
  startStreams({ cluster, stateDirectory, ...options });

describe('a stream application', () => {
  it('without state maps every record once, in order', { timeout: TIMEOUT_MS }, async () => {
    await withCluster(['words', 'shouted'], async (cluster) => {
      const application = defineApplication({
        name: 'shout',
        version: '1',
        build: (topology) =>
          topology
            .stream('words', text)
            .mapValues((word) => word.toUpperCase())
            .to('shouted', text),
      });
      await using streams = await startStreams({ cluster, application, state: 'memory', commitIntervalMs: 100 });
      await write(cluster, 'words', 0, 1_000);
      await until('all are mapped', async () => (await read(cluster, 'shouted')).length === 1_000);
      const ofOneKey = (await read(cluster, 'shouted')).filter(([key]) => key === 'k3').map(([, value]) => Buffer.from(value).toString());
      expect(ofOneKey).toEqual(Array.from({ length: 100 }, (_, index) => `V${index * 10 + 3}`));
      expect(streams.state).toBe('running');
      await until('the group has committed', () => streams.tasks().every(({ lag }) => lag.every(({ records }) => records === 0)));
    });
  });

  for (const guarantee of ['at_least_once', 'exactly_once'] as const) {
    it(`counts ${guarantee}, and goes on counting when it is closed and started again`, { timeout: TIMEOUT_MS }, async () => {
      await withCluster(['words', 'counted'], async (moldau, directory) => {
        const application = counting('count', guarantee);
        const first = await startIn(moldau, directory, { application });
        await write(moldau, 'words', 0, 1_000);
        await countsBecome(moldau, 100);
        await first.close();
        await using second = await startIn(moldau, directory, { application });
        await write(moldau, 'words', 1_000, 2_000);
        await countsBecome(moldau, 200);
        expect(second.state).toBe('running');
      });
    });
  }

  it('counts exactly once over a crash, also without what its disk had', { timeout: TIMEOUT_MS }, async () => {
    await withCluster(['words', 'counted'], async (moldau, directory) => {
      const application = counting('crash', 'exactly_once');
      const first = await startIn(moldau, `${directory}/one`, { application });
      await write(moldau, 'words', 0, 2_000);
      await until('some are counted', async () => (await read(moldau, 'counted')).length > 0);
      await first.abandon();
      await using second = await startIn(moldau, `${directory}/two`, { application });
      await write(moldau, 'words', 2_000, 3_000);
      await countsBecome(moldau, 300);
      expect(second.tasks().some(({ restored }) => restored > 0)).toBe(true);
    });
  });

  it('joins two topics in windows, every pair once', { timeout: TIMEOUT_MS }, async () => {
    await withCluster(['left', 'right', 'pairs'], async (cluster) => {
      const application = defineApplication({
        name: 'join',
        version: '1',
        settings: { guarantee: 'exactly_once' },
        build: (topology) => {
          const right = topology.stream('right', text);
          topology
            .stream('left', text)
            .joinStream(right, (one, other) => `${one}+${other}`, { name: 'pairing', withinMs: 0 })
            .to('pairs', text);
        },
      });
      await using streams = await startStreams({ cluster, application, state: 'memory' });
      await Promise.all([write(cluster, 'left', 0, 500), write(cluster, 'right', 0, 500)]);
      await until('all pairs are there', async () => (await read(cluster, 'pairs')).length >= 500);
      const pairs = (await read(cluster, 'pairs')).map(([, value]) => Buffer.from(value).toString());
      expect(pairs.sort()).toEqual(Array.from({ length: 500 }, (_, at) => `v${at}+v${at}`).sort());
      expect(streams.failure).toBeUndefined();
    });
  });

  it('shares its tasks with a second process, and takes them back', { timeout: TIMEOUT_MS }, async () => {
    await withCluster(['words', 'counted'], async (moldau, directory) => {
      const application = counting('shared', 'exactly_once');
      await using first = await startIn(moldau, `${directory}/one`, { application });
      await write(moldau, 'words', 0, 1_000);
      await until('it runs all tasks', () => first.tasks().length === 4);
      const second = await startIn(moldau, `${directory}/two`, { application });
      await until('each runs two', () => [first, second].every((each) => each.state === 'running' && each.tasks().length === 2));
      await write(moldau, 'words', 1_000, 2_000);
      await countsBecome(moldau, 200);
      await second.close();
      await until('the first runs all again', () => first.state === 'running' && first.tasks().length === 4);
      await write(moldau, 'words', 2_000, 3_000);
      await countsBecome(moldau, 300);
    });
  });

  it('stops one task whose operator throws, says why, and goes on with the others', { timeout: TIMEOUT_MS }, async () => {
    await withCluster(['words', 'shouted'], async (cluster) => {
      const application = defineApplication({
        name: 'thrower',
        version: '1',
        build: (topology) => {
          const careful = (word: string): string => {
            if (word === 'v7') throw new Error('no sevens');
            return word;
          };
          topology.stream('words', text).mapValues(careful).to('shouted', text);
        },
      });
      await using streams = await startStreams({ cluster, application, state: 'memory', commitIntervalMs: 100 });
      await write(cluster, 'words', 0, 100);
      await until('a task fails', () => streams.state === 'failed');
      const phases = streams.tasks().map(({ phase }) => phase);
      expect(phases.sort()).toEqual(['failed', 'running', 'running', 'running']);
      expect(streams.tasks().find(({ phase }) => phase === 'failed')?.error?.message).toContain('no sevens');
      const before = (await read(cluster, 'shouted')).length;
      await write(cluster, 'words', 100, 200);
      await until('others go on', async () => (await read(cluster, 'shouted')).length > before);
    });
  });
});
