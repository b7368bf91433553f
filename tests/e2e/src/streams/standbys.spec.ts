import { createMoldau, type Moldau, serdes } from '@moldau/client';
import { scratchDirectory, startStandalone } from '@moldau/harness';
import { defineApplication, integerSerde, type KeyValueStore, type StreamsApplication } from '@moldau/streams';
import { type StreamsHandle, startStreams } from '@moldau/streams-runtime';
import { describe, expect, it } from 'vitest';

const TIMEOUT_MS = 60_000;
const KEYS = 40;
const text = { key: serdes.string, value: serdes.string };

const counting = (guarantee: 'at_least_once' | 'exactly_once', state: 'disk' | 'memory', standbys: number): StreamsApplication =>
  defineApplication({
    name: 'copied',
    version: '1',
    settings: { guarantee, state, standbys, commitIntervalMs: 100, probingIntervalMs: 100 },
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

async function withCluster(run: (moldau: Moldau, directory: string) => Promise<void>): Promise<void> {
  await using standalone = await startStandalone();
  await using moldau = createMoldau({ bootstrap: standalone.address });
  await moldau.admin().createTopics(['words', 'counted'].map((name) => ({ name, partitions: 4 })));
  using scratch = scratchDirectory('standbys');
  await run(moldau, scratch.path);
}

/** Every key gets as many records. */
async function write(moldau: Moldau, perKey: number): Promise<void> {
  const producer = moldau.producer({ keySerializer: serdes.string, valueSerializer: serdes.string });
  for (let at = 0; at < perKey * KEYS; at++)
    void producer.send({ topic: 'words', key: `k${at % KEYS}`, value: 'v', timestampMs: 1_000 + at });
  await producer.close();
}

/** What the stores of these processes hold, by key. */
function counted(
  handles: readonly StreamsHandle[],
  parts: (handle: StreamsHandle) => ReturnType<StreamsHandle['query']>,
): Map<string, number> {
  const found = new Map<string, number>();
  for (const store of handles.flatMap((handle) => [...parts(handle).values()])) {
    for (const [key, { value }] of (store as KeyValueStore<string, number>).entries()) found.set(key, value);
  }
  return found;
}

const active = (handles: readonly StreamsHandle[]): Map<string, number> => counted(handles, (handle) => handle.query('counts'));
const isCounted = (counts: ReadonlyMap<string, number>, perKey: number): boolean =>
  counts.size === KEYS && [...counts.values()].every((count) => count === perKey);
const copiesAreComplete = (handles: readonly StreamsHandle[]): boolean =>
  handles.every((handle) => handle.standbys().length === 2 && handle.standbys().every(({ lag }) => lag !== undefined && lag <= 1));

describe('copies of the state of tasks', () => {
  for (const [guarantee, state] of [
    ['exactly_once', 'memory'],
    ['at_least_once', 'disk'],
  ] as const) {
    it(`serve at once when the process of the task dies, ${guarantee} with state on ${state}`, { timeout: TIMEOUT_MS }, async () => {
      await withCluster(async (cluster, directory) => {
        const application = counting(guarantee, state, 1);
        const start = (name: string): Promise<StreamsHandle> =>
          startStreams({ cluster, application, stateDirectory: `${directory}/${name}` });
        const first = await start('one');
        await write(cluster, 50);
        await until('all is counted', () => isCounted(active([first]), 50));
        await using second = await start('two');
        await until('each runs two tasks', () => [first, second].every((each) => each.state === 'running' && each.tasks().length === 2));
        await write(cluster, 50);
        await until('all is counted', () => isCounted(active([first, second]), 100));
        await until('each has complete copies of the others', () => copiesAreComplete([first, second]));
        await until('copies hold the same', () =>
          isCounted(
            counted([first, second], (handle) => handle.queryStandbys('counts')),
            100,
          ),
        );
        const read = new Map(second.standbys().map(({ id, restored }) => [id, restored]));

        await first.abandon();
        await until('the second runs all', () => second.state === 'running' && second.tasks().length === 4);
        for (const { id, restored } of second.tasks()) {
          // Promoted in place: no more was read than what came since.
          if (read.has(id)) expect(restored - (read.get(id) ?? 0), id).toBeLessThan(100);
        }
        await write(cluster, 50);
        await until('nothing is missing, nor counted twice where that was promised', () => {
          const counts = active([second]);
          if (guarantee === 'exactly_once') return isCounted(counts, 150);
          return counts.size === KEYS && [...counts.values()].every((count) => count >= 150);
        });
      });
    });
  }

  it('are warmed up on members that come, so that nothing pauses for long, and counts stay right', { timeout: TIMEOUT_MS }, async () => {
    await withCluster(async (cluster, directory) => {
      const application = counting('exactly_once', 'disk', 0);
      const handles: StreamsHandle[] = [];
      const start = async (name: string): Promise<void> =>
        void handles.push(await startStreams({ cluster, application, stateDirectory: `${directory}/${name}` }));
      await start('one');
      await write(cluster, 100);
      await until('all is counted', () => isCounted(active(handles), 100));
      let written = 100;
      for (const name of ['two', 'three', 'four']) await start(name);
      while (!handles.every((handle) => handle.state === 'running' && handle.tasks().length === 1)) {
        await write(cluster, 5);
        written += 5;
        await new Promise((resolve) => setTimeout(resolve, 50));
        expect(written).toBeLessThan(3_000);
      }
      for (const handle of handles.splice(0, 2)) await handle.close();
      await write(cluster, 5);
      await until('two run all', () => handles.every((handle) => handle.state === 'running' && handle.tasks().length === 2));
      await until('nothing is missing or counted twice', () => isCounted(active(handles), written + 5));
      for (const handle of handles) await handle.close();
    });
  });

  it('are found by store and key, with the tasks, from any process', { timeout: TIMEOUT_MS }, async () => {
    await withCluster(async (cluster, directory) => {
      const application = counting('at_least_once', 'disk', 1);
      const start = (name: string): Promise<StreamsHandle> =>
        startStreams({ cluster, application, stateDirectory: `${directory}/${name}`, endpoint: `${name}:1` });
      await using first = await start('one');
      await using second = await start('two');
      await write(cluster, 1);
      await until('all is counted', () => isCounted(active([first, second]), 1));
      await until('each has complete copies of the others', () => copiesAreComplete([first, second]));
      await until('the group tells the same', async () => (await first.metadata('counts')).every(({ standbys }) => standbys.length === 1));
      for (const place of await first.metadata('counts')) {
        const owner = first.query('counts').has(place.partition) ? 'one:1' : 'two:1';
        expect(place.active).toMatchObject({ endpoint: owner, here: owner === 'one:1' });
        expect(place.standbys).toMatchObject([{ endpoint: owner === 'one:1' ? 'two:1' : 'one:1' }]);
      }
      const { partition } = await second.locate('counts', serdes.string.serialize('k7', 'words'));
      const holder = [first, second].find((each) => each.query('counts').has(partition));
      expect((holder?.query('counts').get(partition) as KeyValueStore<string, number>).get('k7')).toBe(1);
      await expect(first.metadata('other')).rejects.toThrow("no store 'other'");
    });
  });
});
