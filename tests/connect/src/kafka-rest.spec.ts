import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ConnectRig, type RigWorker, startRig } from './fixture/connect-rig.ts';
import { fillTopic } from './fixture/read-topic.ts';
import { type Config, type RestAnswer, type RestClient, statesOf } from './fixture/rest-client.ts';

/*
 * Written against Kafka's documentation of Connect's REST API (kafka.apache.org/documentation/#connect_rest, KIP-415, KIP-477,
 * KIP-745, KIP-875, KIP-980) by bare fetch: paths, bodies and codes as a client of Kafka Connect expects them.
 */

const WAIT = { timeout: 60_000, interval: 100 };

let rig: ConnectRig;
let workers: readonly RigWorker[];
let rest: RestClient;
let source: Config;

beforeAll(async () => {
  rig = await startRig();
  workers = await Promise.all([rig.startWorker('one'), rig.startWorker('two')]);
  // The second one: it forwards what only the leader does.
  rest = (workers[1] as RigWorker).rest;
  await rest.patiently('GET', '/health');
  writeFileSync(`${rig.scratch.path}/in`, 'a\nb\nc\n');
  source = { 'connector.class': 'FileStreamSource', file: `${rig.scratch.path}/in`, topic: 'rest-lines', 'tasks.max': '1' };
}, 120_000);

afterAll(async () => rig?.[Symbol.asyncDispose]());

async function reaches(name: string, states: string): Promise<void> {
  await vi.waitFor(async () => expect(statesOf(await rest.status(name))).toBe(states), WAIT);
}

function isError({ status, body }: RestAnswer, code: number, message: RegExp): void {
  expect([status, body]).toEqual([code, { error_code: code, message: expect.stringMatching(message) as string }]);
}

describe('the root', () => {
  it('GET / tells version, commit and cluster', async () => {
    const { status, body, headers } = await rest.call('GET', '/');
    expect(status).toBe(200);
    expect(body).toEqual({
      version: expect.any(String) as string,
      commit: expect.any(String) as string,
      kafka_cluster_id: expect.any(String) as string,
    });
    expect(headers.get('content-type')).toMatch(/^application\/json/);
  });

  it('refuses what is no path, no method, no JSON, or too long, each with an error body', async () => {
    isError(await rest.call('GET', '/connectorz'), 404, /404 Not Found/);
    isError(await rest.call('DELETE', '/connectors'), 405, /405 Method Not Allowed/);
    const text = await fetch(`${rest.url}/connectors`, { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } });
    expect([text.status, ((await text.json()) as { readonly error_code: number }).error_code]).toEqual([400, 400]);
    isError(await rest.call('POST', '/connectors', []), 400, /not a JSON object/);
    isError(await rest.call('POST', '/connectors', { name: 'x', config: { a: 'b'.repeat(5_000_000) } }), 413, /bytes/);
  });
});

describe('connectors', () => {
  it('POST makes one: 201, Location and its info; a second one of the name is 409', async () => {
    const made = await rest.patiently('POST', '/connectors', { name: 'lines', config: source });
    expect(made.status).toBe(201);
    expect(made.headers.get('location')).toMatch(/\/connectors\/lines$/);
    expect(made.body).toEqual({
      name: 'lines',
      config: { ...source, name: 'lines' },
      tasks: expect.any(Array) as unknown[],
      type: 'source',
    });
    isError(await rest.call('POST', '/connectors', { name: 'lines', config: source }), 409, /lines already exists/);
    await reaches('lines', 'RUNNING RUNNING');
  });

  it('GET lists them, expanded by info and status', async () => {
    expect((await rest.call('GET', '/connectors')).body).toEqual(['lines']);
    const { body } = await rest.call<Readonly<Record<string, object>>>('GET', '/connectors?expand=status&expand=info');
    expect(body['lines']).toEqual({
      info: { name: 'lines', config: { ...source, name: 'lines' }, tasks: [{ connector: 'lines', task: 0 }], type: 'source' },
      status: {
        name: 'lines',
        connector: { state: 'RUNNING', worker_id: expect.stringMatching(/one|two/) as string },
        tasks: [{ id: 0, state: 'RUNNING', worker_id: expect.stringMatching(/one|two/) as string }],
        type: 'source',
      },
    });
    const { body: info } = await rest.call('GET', '/connectors/lines');
    expect(info).toMatchObject({ name: 'lines', type: 'source', tasks: [{ connector: 'lines', task: 0 }] });
  });

  it('PUT config is 201 for a new one and 200 for a known one; PATCH changes some settings, null takes one away', async () => {
    const config = { ...source, topic: 'rest-put' };
    expect((await rest.call('PUT', '/connectors/put/config', config)).status).toBe(201);
    expect((await rest.call('PUT', '/connectors/put/config', { ...config, 'batch.size': '10' })).status).toBe(200);
    const patched = await rest.call('PATCH', '/connectors/put/config', { 'batch.size': null, 'scan.interval.ms': 500 });
    expect([patched.status, patched.body]).toEqual([
      200,
      expect.objectContaining({ config: { ...config, name: 'put', 'scan.interval.ms': '500' } }) as object,
    ]);
    expect((await rest.call('GET', '/connectors/put/config')).body).toEqual({ ...config, name: 'put', 'scan.interval.ms': '500' });
    isError(await rest.call('PATCH', '/connectors/nobody/config', {}), 404, /nobody not found/);
  });

  it('POST takes an initial state', async () => {
    const answer = await rest.call('POST', '/connectors', { name: 'born-stopped', config: source, initial_state: 'STOPPED' });
    expect(answer.status).toBe(201);
    await reaches('born-stopped', 'STOPPED');
    isError(
      await rest.call('POST', '/connectors', { name: 'y', config: source, initial_state: 'ASLEEP' }),
      400,
      /RUNNING, PAUSED, STOPPED/,
    );
  });

  it('DELETE is 204, and 404 for what is not there; a deleted one leaves no status', async () => {
    expect((await rest.call('DELETE', '/connectors/put')).status).toBe(204);
    isError(await rest.call('DELETE', '/connectors/put'), 404, /put not found/);
    isError(await rest.call('GET', '/connectors/put/status'), 404, /put not found/);
    expect((await rest.call('GET', '/connectors')).body).not.toContain('put');
  });
});

describe('a config that is refused', () => {
  it('names every error of every field at once, and nothing is made', async () => {
    const bad = {
      'connector.class': 'FileStreamSource',
      topic: 'x',
      'batch.size': '0',
      'scan.interval.mss': '1',
      'tasks.max': 'many',
      'value.converter': 'jsn',
      'producer.override.sasl.jaas.config': 'mine',
      'consumer.override.bootstrap.servers': 'elsewhere:9092',
      transforms: 'a',
      'transforms.a.type': 'InsertFeild$Value',
    };
    const { status, body } = await rest.call<{ readonly message: string }>('PUT', '/connectors/bad/config', bad);
    expect(status).toBe(400);
    for (const part of [
      /file: missing/,
      /batch.size: .*0/,
      /scan.interval.mss: unknown setting .*did you mean scan.interval.ms/,
      /tasks.max: .*many/,
      /value.converter: .*jsn.*did you mean json/,
      /producer.override.sasl.jaas.config: .*can not be overridden/,
      /consumer.override.bootstrap.servers: .*can not be overridden/,
      /transforms.a.type: .*InsertFeild/,
    ])
      expect(body.message).toMatch(part);
    isError(await rest.call('GET', '/connectors/bad'), 404, /bad not found/);
  });

  it('of an unknown class, name or prototype says so', async () => {
    isError(
      await rest.call('PUT', '/connectors/x/config', { ...source, 'connector.class': 'FileStreamSorce' }),
      400,
      /FileStreamSorce.*did you mean FileStreamSource/,
    );
    isError(await rest.call('PUT', '/connectors/x/config', {}), 400, /connector.class/);
    isError(await rest.call('PUT', '/connectors/x%2Fy/config', source), 400, /x\/y.*expected/);
    isError(await rest.call('POST', '/connectors', { name: '__proto__', config: source }), 400, /__proto__/);
    const poisoned = await fetch(`${rest.url}/connectors/poisoned/config`, {
      method: 'PUT',
      body: `{"connector.class":"FileStreamSource","file":"/x","topic":"t","__proto__":"x","constructor":"y"}`,
      headers: { 'content-type': 'application/json' },
    });
    const { message } = (await poisoned.json()) as { readonly message: string };
    expect([poisoned.status, message]).toEqual([400, expect.stringMatching(/__proto__: [^]*constructor: /) as string]);
    isError(await rest.call('POST', '/connectors', { name: 'a', config: { ...source, name: 'b' } }), 400, /doesn't match/);
  });
});

describe('states', () => {
  it('PUT pause and resume are 202, stop is 204; all without effect where they hold already', async () => {
    expect((await rest.call('PUT', '/connectors/lines/pause')).status).toBe(202);
    await reaches('lines', 'PAUSED PAUSED');
    expect((await rest.call('PUT', '/connectors/lines/pause')).status).toBe(202);
    expect((await rest.call('PUT', '/connectors/lines/resume')).status).toBe(202);
    await reaches('lines', 'RUNNING RUNNING');
    expect((await rest.call('PUT', '/connectors/lines/stop')).status).toBe(204);
    await reaches('lines', 'STOPPED');
    expect((await rest.call('GET', '/connectors/lines/tasks')).body).toEqual([]);
    expect((await rest.call('PUT', '/connectors/lines/resume')).status).toBe(202);
    await reaches('lines', 'RUNNING RUNNING');
    isError(await rest.call('PUT', '/connectors/nobody/pause'), 404, /nobody not found/);
  });

  it('POST restart is 204 for the connector alone, 202 with its status when tasks are meant; tasks have their own', async () => {
    expect((await rest.call('POST', '/connectors/lines/restart')).status).toBe(204);
    const { status, body } = await rest.call('POST', '/connectors/lines/restart?includeTasks=true&onlyFailed=false');
    expect([status, body]).toEqual([202, expect.objectContaining({ name: 'lines', type: 'source' }) as object]);
    await reaches('lines', 'RUNNING RUNNING');
    expect((await rest.call('POST', '/connectors/lines/tasks/0/restart')).status).toBe(204);
    isError(await rest.call('POST', '/connectors/lines/tasks/7/restart'), 404, /lines-7/);
    isError(await rest.call('POST', '/connectors/nobody/restart'), 404, /nobody not found/);
    await reaches('lines', 'RUNNING RUNNING');
  });

  it('GET tasks and a task’s status', async () => {
    const { body } = await rest.call<readonly { readonly id: object; readonly config: object }[]>('GET', '/connectors/lines/tasks');
    expect(body.map(({ id }) => id)).toEqual([{ connector: 'lines', task: 0 }]);
    expect(body[0]?.config).toMatchObject({ 'task.class': 'FileStreamSource' });
    const { body: status } = await rest.call('GET', '/connectors/lines/tasks/0/status');
    expect(status).toEqual({ id: 0, state: 'RUNNING', worker_id: expect.any(String) as string });
    isError(await rest.call('GET', '/connectors/lines/tasks/9/status'), 404, /lines-9/);
  });

  it('GET topics tells which ones are in use, PUT topics/reset forgets them (KIP-558)', async () => {
    await vi.waitFor(async () => {
      const { status, body } = await rest.call('GET', '/connectors/lines/topics');
      expect([status, body]).toEqual([200, { lines: { topics: ['rest-lines'] } }]);
    }, WAIT);
    expect((await rest.call('PUT', '/connectors/lines/topics/reset')).status).toBe(200);
    isError(await rest.call('GET', '/connectors/nobody/topics'), 404, /nobody not found/);
  });
});

describe('offsets (KIP-875)', () => {
  it('of a source are seen, and altered and reset only while it is stopped', async () => {
    const seen = await rest.call<{ readonly offsets: readonly { readonly partition: object; readonly offset: object }[] }>(
      'GET',
      '/connectors/lines/offsets',
    );
    expect(seen.status).toBe(200);
    expect(seen.body.offsets).toHaveLength(1);
    isError(await rest.call('DELETE', '/connectors/lines/offsets'), 400, /STOPPED state/);
    await rest.call('PUT', '/connectors/lines/stop');
    await reaches('lines', 'STOPPED');
    isError(await rest.call('PATCH', '/connectors/lines/offsets', { offsets: [] }), 400, /need to be provided/);
    const patched = await rest.patiently('PATCH', '/connectors/lines/offsets', seen.body);
    expect([patched.status, patched.body]).toEqual([200, { message: expect.stringMatching(/altered successfully/) as string }]);
    const deleted = await rest.patiently('DELETE', '/connectors/lines/offsets');
    expect([deleted.status, deleted.body]).toEqual([200, { message: expect.stringMatching(/reset successfully/) as string }]);
    expect((await rest.call('GET', '/connectors/lines/offsets')).body).toEqual({ offsets: [] });
  });

  it('of a sink are those of its group', async () => {
    await fillTopic(rig.moldau, 'rest-sunk', ['x', 'y', 'z']);
    const config = {
      'connector.class': 'FileStreamSink',
      topics: 'rest-sunk',
      file: `${rig.scratch.path}/out`,
      'offset.flush.interval.ms': '100',
    };
    expect((await rest.call('PUT', '/connectors/sunk/config', config)).status).toBe(201);
    const partition = { kafka_topic: 'rest-sunk', kafka_partition: 0 };
    const at = (offset: number): object => ({ offsets: [{ partition, offset: { kafka_offset: offset } }] });
    await vi.waitFor(async () => expect((await rest.call('GET', '/connectors/sunk/offsets')).body).toEqual(at(3)), WAIT);
    await rest.call('PUT', '/connectors/sunk/stop');
    await reaches('sunk', 'STOPPED');
    await vi.waitFor(async () => expect((await rest.call('PATCH', '/connectors/sunk/offsets', at(1))).status).toBe(200), WAIT);
    expect((await rest.call('GET', '/connectors/sunk/offsets')).body).toEqual(at(1));
    isError(await rest.call('PATCH', '/connectors/sunk/offsets', { offsets: [{ partition, offset: { kafka_offset: -5 } }] }), 400, /-5/);
    isError(await rest.call('PATCH', '/connectors/sunk/offsets', { offsets: [{ partition: {}, offset: null }] }), 400, /kafka_topic/);
    expect((await rest.call('DELETE', '/connectors/sunk/offsets')).status).toBe(200);
    expect((await rest.call('GET', '/connectors/sunk/offsets')).body).toEqual({ offsets: [] });
  });
});

describe('plugins', () => {
  it('are listed with class, type and version, and their settings', async () => {
    const { status, body } = await rest.call<readonly object[]>('GET', '/connector-plugins');
    expect(status).toBe(200);
    expect(body).toContainEqual({ class: 'FileSource', type: 'source', version: expect.any(String) as string });
    const { body: fields } = await rest.call<readonly { readonly name: string }[]>('GET', '/connector-plugins/FileStreamSource/config');
    expect(fields.map(({ name }) => name)).toEqual(expect.arrayContaining(['connector.class', 'tasks.max', 'file', 'topic']) as string[]);
  });

  it('PUT validate answers 200 with every field, its definition, value and errors', async () => {
    const path = '/connector-plugins/FileStreamSource/config/validate';
    const { status, body } = await rest.call<{ readonly error_count: number; readonly configs: readonly Validated[] }>('PUT', path, {
      ...source,
      name: 'v',
      'batch.size': '-3',
    });
    expect([status, body.error_count]).toEqual([200, 1]);
    const found = body.configs.find(({ value }) => value.name === 'batch.size');
    expect(found?.definition).toMatchObject({ name: 'batch.size', type: 'INT', required: false, importance: 'LOW' });
    expect(found?.value).toMatchObject({ name: 'batch.size', value: '-3', errors: [expect.stringContaining('-3')], visible: true });
    isError(await rest.call('PUT', path, { 'connector.class': 'FileStreamSink' }), 400, /does not match/);
    isError(await rest.call('PUT', '/connector-plugins/Nothing/config/validate', {}), 400, /Nothing/);
  });
});

interface Validated {
  readonly definition: object;
  readonly value: { readonly name: string };
}

describe('a cluster without a leader', () => {
  it('answers changes with 409 until another worker leads', async () => {
    const [one] = workers as readonly [RigWorker, RigWorker];
    const { body } = await rest.call<Readonly<Record<string, string>>>('GET', '/connectors/lines/config');
    await one.kill();
    const codes = new Set<number>();
    await vi.waitFor(async () => {
      const { status } = await rest.call('PUT', '/connectors/lines/config', { ...body, 'batch.size': String(codes.size + 1_000) });
      codes.add(status);
      expect(status).toBe(200);
    }, WAIT);
    expect([...codes].sort()).toEqual(expect.arrayContaining([200]) as number[]);
    expect([...codes].every((code) => code === 200 || code === 409)).toBe(true);
  }, 120_000);
});
