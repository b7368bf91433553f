import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ConnectRig, type RigWorker, startRig } from './fixture/connect-rig.ts';
import { fillTopic, readTopic } from './fixture/read-topic.ts';
import { type Config, statesOf } from './fixture/rest-client.ts';

const WAIT = { timeout: 60_000, interval: 100 };
const SOURCE = 'FileStreamSource';
const SINK = 'FileStreamSink';

let rig: ConnectRig;
let worker: RigWorker;

beforeAll(async () => {
  rig = await startRig();
  worker = await rig.startWorker('one');
}, 120_000);

afterAll(async () => rig?.[Symbol.asyncDispose]());

function path(name: string): string {
  return `${rig.scratch.path}/${name}`;
}

async function apply(name: string, config: Config, states: string): Promise<void> {
  await worker.rest.apply(name, config);
  await reaches(name, states);
}

async function reaches(name: string, states: string): Promise<void> {
  await vi.waitFor(async () => expect(statesOf(await worker.rest.status(name))).toBe(states), WAIT);
}

function lines(from: number, count: number): string {
  return Array.from({ length: count }, (_none, index) => `line ${from + index}\n`).join('');
}

describe('lines of a file', () => {
  it('come through a topic into another file, whole and in order, exactly once across a stop of the worker', async () => {
    writeFileSync(path('in.txt'), lines(0, 500));
    await apply('in', { 'connector.class': SOURCE, file: path('in.txt'), topic: 'lines' }, 'RUNNING RUNNING');
    await apply('out', { 'connector.class': SINK, file: path('out.txt'), topics: 'lines' }, 'RUNNING RUNNING');
    await vi.waitFor(() => expect(readFileSync(path('out.txt'), 'utf8')).toBe(lines(0, 500)), WAIT);
    await worker.service.stop();
    appendFileSync(path('in.txt'), lines(500, 500));
    worker = await rig.startWorker('two');
    await vi.waitFor(() => expect(readFileSync(path('out.txt'), 'utf8')).toBe(lines(0, 1_000)), WAIT);
    expect((await readTopic(rig.moldau, 'lines')).map(({ value }) => `${value}\n`).join('')).toBe(lines(0, 1_000));
  }, 120_000);

  it('are changed by transforms and converters on both ways', async () => {
    writeFileSync(path('changed.txt'), 'a\nskip\nb\n');
    const hoist = { 'transforms.hoist.type': 'org.apache.kafka.connect.transforms.HoistField$Value', 'transforms.hoist.field': 'text' };
    const route = {
      'transforms.route.type': 'RegexRouter',
      'transforms.route.regex': '(.*)',
      'transforms.route.replacement': '$1-json',
    };
    const config = {
      'connector.class': SOURCE,
      file: path('changed.txt'),
      topic: 'changed',
      transforms: 'hoist,route',
      ...hoist,
      ...route,
      'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
      'value.converter.schemas.enable': 'false',
    };
    await apply('changing', config, 'RUNNING RUNNING');
    await vi.waitFor(async () => {
      const values = (await readTopic(rig.moldau, 'changed-json').catch(() => [])).map(({ value }) => value);
      expect(values).toEqual(['{"text":"a"}', '{"text":"skip"}', '{"text":"b"}']);
    }, WAIT);
  }, 120_000);
});

describe('records at fault', () => {
  it('go to the dead-letter topic as they were, with what was wrong, and the others go on', async () => {
    await fillTopic(rig.moldau, 'mixed', ['{"a":1}', 'no json', '{"a":2}']);
    const config = {
      'connector.class': SINK,
      topics: 'mixed',
      file: path('mixed.txt'),
      'value.converter': 'json',
      'value.converter.schemas.enable': 'false',
      'errors.tolerance': 'all',
      'errors.deadletterqueue.topic.name': 'mixed-bad',
    };
    await apply('mixing', config, 'RUNNING RUNNING');
    await vi.waitFor(async () => expect(await readTopic(rig.moldau, 'mixed-bad').catch(() => [])).toHaveLength(1), WAIT);
    const [letter] = await readTopic(rig.moldau, 'mixed-bad');
    expect(letter?.value).toBe('no json');
    const headers = new Map(letter?.headers.map(([name, value]) => [name, Buffer.from(value ?? []).toString()]));
    expect(headers.get('__connect.errors.stage')).toBe('VALUE_CONVERTER');
    expect(headers.get('__connect.errors.topic')).toBe('mixed');
    expect(headers.get('__connect.errors.offset')).toBe('1');
    expect(headers.get('__connect.errors.connector.name')).toBe('mixing');
    expect(headers.get('__connect.errors.exception.message')).toMatch(/JSON/i);
    await vi.waitFor(() => expect(readFileSync(path('mixed.txt'), 'utf8').trim().split('\n')).toHaveLength(2), WAIT);
  }, 120_000);

  it('fail the task where nothing is tolerated: its status says why, and a restart after the repair goes on', async () => {
    await fillTopic(rig.moldau, 'strict', ['{"a":1}', 'no json', '{"a":2}']);
    const config = {
      'connector.class': SINK,
      topics: 'strict',
      file: path('strict.txt'),
      'value.converter': 'json',
      'restart.max.attempts': '1',
      'restart.backoff.ms': '50',
    };
    await apply('strict', config, 'RUNNING FAILED');
    const { tasks } = await worker.rest.status('strict');
    expect(tasks[0]?.trace).toMatch(/VALUE_CONVERTER/);
    expect(tasks[0]?.trace).toContain('given up after 1 restarts');
    await apply('strict', { ...config, 'value.converter': 'string' }, 'RUNNING RUNNING');
    await vi.waitFor(() => expect(readFileSync(path('strict.txt'), 'utf8')).toBe('{"a":1}\nno json\n{"a":2}\n'), WAIT);
  }, 120_000);
});
