import { createMoldau, type Moldau } from '@moldau/client';
import { checkHistory, createHistory, type SpawnedStandalone, spawnStandalone, startWorkload } from '@moldau/harness';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readAll } from './fixture/read-all.ts';
import { createTopic } from './fixture/topic.ts';

let server: SpawnedStandalone;
let moldau: Moldau;

beforeEach(async () => {
  server = await spawnStandalone();
  moldau = createMoldau({ bootstrap: server.address });
});

afterEach(async () => {
  await moldau?.close();
  await server?.dispose();
});

async function admin(path: string, options: RequestInit = {}): Promise<{ readonly status: number; readonly body: string }> {
  const response = await fetch(`http://${server.adminAddress}${path}`, options);
  return { status: response.status, body: await response.text() };
}

/** `name{labels} value` of every sample, checked against the text format's grammar. */
function parseMetrics(text: string): ReadonlyMap<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || /^# (HELP|TYPE) [a-zA-Z_:][\w:]* ./.test(line)) continue;
    const match = /^([a-zA-Z_:][\w:]*(?:\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*",?)*\})?) (-?[\d.e+-]+|NaN|[+-]Inf)$/.exec(line);
    if (match === null) throw new Error(`not the text format: ${line}`);
    samples.set(match[1] as string, Number(match[2]));
  }
  return samples;
}

describe('the admin port', () => {
  it('exposes metrics that parse, all with our prefix, of the process and of what it serves', async () => {
    await createTopic(moldau, 'measured');
    const producer = moldau.producer();
    for (let index = 0; index < 10; index++) await producer.send({ topic: 'measured', value: Buffer.from('x') });
    await producer.close();
    await readAll(moldau, 'measured');
    const { status, body } = await admin('/metrics');
    expect(status).toBe(200);
    const samples = parseMetrics(body);
    expect(samples.size).toBeGreaterThan(50);
    expect([...samples.keys()].filter((name) => !name.startsWith('moldau_'))).toEqual([]);
    expect(samples.get('moldau_process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
    expect([...samples.keys()].some((name) => name.startsWith('moldau_event_loop_delay_seconds_bucket'))).toBe(true);
  });

  it('says that it lives and is ready, and changes the log level while it runs', async () => {
    expect(await admin('/healthz')).toMatchObject({ status: 200 });
    expect(await admin('/readyz')).toMatchObject({ status: 200, body: '{"ready":true}\n' });
    const before = server.process.stderr().length;
    expect(await admin('/loglevel', { method: 'PUT', body: '{"level":"debug"}' })).toMatchObject({ status: 200 });
    expect((await admin('/loglevel')).body).toBe('{"level":"debug"}\n');
    await createTopic(moldau, 'logged');
    await expect.poll(() => server.process.stderr().length, { timeout: 5000 }).toBeGreaterThan(before);
    for (const line of server.process.stderr().trim().split('\n'))
      expect(JSON.parse(line)).toMatchObject({ level: expect.any(String) as unknown, message: expect.any(String) as unknown });
    expect((await admin('/loglevel', { method: 'PUT', body: '{"level":"loud"}' })).status).toBe(400);
    expect((await admin('/nothing')).status).toBe(404);
  });
});

describe('a graceful shutdown', () => {
  it('under load ends with 0, and everything acknowledged is there after the restart', async () => {
    await createTopic(moldau, 'stopped', { partitions: 3 });
    const history = createHistory();
    const workload = startWorkload({ moldau, topic: 'stopped', partitions: 3, producer: 'p', history });
    for (let round = 0; round < 3; round++) {
      const before = history.count('ok');
      await expect.poll(() => history.count('ok'), { timeout: 20_000 }).toBeGreaterThan(before + 200);
      expect(await server.stop()).toBe(0);
      await server.restart();
    }
    await workload.stop();
    expect(checkHistory(history.sends(), await readAll(moldau, 'stopped'))).toEqual([]);
    expect(history.count('ok')).toBe(history.sends().length);
  }, 90_000);

  it('does not wait for clients that hold streams open', async () => {
    await createTopic(moldau, 'held');
    const consumer = moldau.consumer({ assignment: [{ topic: 'held', from: 'earliest' }] });
    const reading = (async () => {
      for await (const batch of consumer.batches()) void batch;
    })();
    const begin = performance.now();
    expect(await server.stop()).toBe(0);
    expect(performance.now() - begin).toBeLessThan(10_000);
    await consumer.close();
    await reading.catch(() => {});
  });
});

describe('a restart', () => {
  it('keeps topics, settings, records, ids and the cluster', async () => {
    await createTopic(moldau, 'kept', { partitions: 2, configs: { 'retention.ms': '123456789' } });
    const producer = moldau.producer();
    await producer.send({ topic: 'kept', partition: 1, key: Buffer.from('k'), value: Buffer.from('v') });
    await producer.close();
    const [before] = await moldau.admin().describeTopics(['kept']);
    for (const stop of [() => server.stop(), () => server.kill()]) {
      await stop();
      await server.restart();
      const [after] = await moldau.admin().describeTopics(['kept']);
      expect(after?.topicId).toBe(before?.topicId);
      expect(after?.configs).toEqual({ 'retention.ms': '123456789' });
      expect((await moldau.admin().describeCluster()).clusterId).toBe(server.clusterId);
      expect(await readAll(moldau, 'kept')).toHaveLength(1);
    }
  });
});
