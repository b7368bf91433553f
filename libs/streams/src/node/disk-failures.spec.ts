import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { serdes } from '@moldau/client/serdes';
import { MoldauError } from '@moldau/kernel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createStreamsBuilder } from '../dsl/streams-builder.ts';
import { planTopology } from '../graph/plan.ts';
import { integerSerde } from '../serdes/integer-serde.ts';
import { keyValueStore, type StoreSpec } from '../stores/store-spec.ts';
import { StreamTask } from '../task/stream-task.ts';
import { openDiskTaskState } from './disk-task-state.ts';

const COUNTS = keyValueStore({ name: 'counts', key: serdes.string, value: integerSerde }).spec as StoreSpec<string, number>;
const START_MS_MAX = 20_000;

/** Each commit puts its number under ten keys; its line is written when it is kept. */
const WRITER = `
  import { serdes } from '@moldau/client/serdes';
  import { integerSerde, keyValueStore } from '@moldau/streams';
  import { openDiskTaskState } from '@moldau/streams/node';
  const { state } = openDiskTaskState({ directory: process.argv[1], cacheBytes: 65536 });
  const spec = keyValueStore({ name: 'counts', key: serdes.string, value: integerSerde }).spec;
  const store = state.stores.keyValue(spec);
  for (let commit = (state.checkpoint('counts') ?? 0) + 1; ; commit++) {
    for (let key = 0; key < 10; key++) store.put('key-' + key, commit, commit);
    for (let key = 0; key < 200; key++) store.put('other-' + commit % 50 + '-' + key, commit, commit);
    state.persist(new Map([['counts', commit]]));
    process.stdout.write(commit + '\\n');
  }
`;

describe('a process that keeps state', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'moldau-state-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('leaves its last commit, whole, when it is killed', { timeout: 5 * START_MS_MAX }, async () => {
    let lived = 0;
    for (const commits of [3, 40, 90]) {
      const child = spawn(process.execPath, ['--input-type=module', '--eval', WRITER, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
      let said = 0;
      for await (const line of createInterface({ input: child.stdout })) {
        said = Number(line);
        if (said >= lived + commits) child.kill('SIGKILL');
      }
      expect(said).toBeGreaterThanOrEqual(lived + commits);
      const { state, discarded } = openDiskTaskState({ directory });
      const store = state.stores.keyValue(COUNTS);
      lived = state.checkpoint('counts') ?? 0;
      // What was said is kept; one more may have been on its way.
      expect([discarded, lived === said || lived === said + 1]).toEqual([false, true]);
      expect(Array.from({ length: 10 }, (_, key) => store.get(`key-${key}`))).toEqual(Array.from({ length: 10 }, () => lived));
      state.close();
    }
  });

  it('says so and stays alive when the disk takes no more', { timeout: 2 * START_MS_MAX }, async () => {
    // A file of this process may not grow over 2 MiB, and the signal that would end it is ignored: the write fails, as on a full disk.
    const writer = WRITER.replace("'key-' + key, commit", "'key-' + key + '-' + commit, commit");
    const script = `
      process.on('uncaughtException', (error) => { console.log('stopped ' + error.reason + ': ' + error.message); });
      ${writer}`;
    const limited = `trap '' XFSZ; ulimit -f 2048; exec "$0" --input-type=module --eval "$1" "$2"`;
    const child = spawn('bash', ['-c', limited, process.execPath, script, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines: string[] = [];
    child.stdout.on('data', (data) => lines.push(String(data)));
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(0);
    expect(lines.join('').trim().split('\n').at(-1)).toContain(`stopped STATE_STORE_FAILED: the state in ${directory} can not be kept`);
    const { state, discarded } = openDiskTaskState({ directory });
    const store = state.stores.keyValue(COUNTS);
    const kept = state.checkpoint('counts') ?? 0;
    expect([discarded, kept > 1, store.get(`key-3-${kept}`), store.get(`key-3-${kept + 1}`)]).toEqual([false, true, kept, null]);
    state.close();
  });
});

describe('a task whose disk fails', () => {
  it('stops with a clear error, whatever its handlers say', () => {
    const directory = mkdtempSync(join(tmpdir(), 'moldau-state-'));
    const builder = createStreamsBuilder();
    builder
      .stream('words', { key: serdes.string, value: serdes.string })
      .groupByKey()
      .count({ name: 'counts', cached: false })
      .toStream()
      .to('out');
    const plan = planTopology(builder.build(), 'app', () => 1);
    const { state } = openDiskTaskState({ directory });
    const task = new StreamTask({
      id: { subTopology: 0, partition: 0 },
      application: 'app',
      subTopology: plan.parts[0]!.subTopology,
      topicName: plan.topicName,
      stores: state.stores,
      changelog: { append() {} },
      output: { send() {}, partitionCount: () => 1 },
      globals: { store: () => expect.unreachable() },
      settings: { handlers: { processing: 'skip' } },
      wallMs: 0,
    });
    task.start([{ topic: 'words', partition: 0, offset: 0, metadata: '' }]);
    const record = { topic: 'words', partition: 0, timestampMs: 0, key: Buffer.from('a'), value: Buffer.from('b'), headers: [] };
    task.process({ ...record, offset: 0 });
    state.close();
    let caught: unknown;
    try {
      task.process({ ...record, offset: 1 });
    } catch (thrown) {
      caught = thrown;
    }
    expect([caught instanceof MoldauError && caught.reason, task.state]).toEqual(['STATE_STORE_FAILED', 'failed']);
    rmSync(directory, { recursive: true });
  });
});
