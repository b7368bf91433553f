import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { EXIT_CODES } from './exit-code.ts';
import { startLeaderlessServer } from './testing/leaderless-server.ts';
import { moldau } from './testing/moldau.ts';
import { startTestServer, type TestServer } from './testing/server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.dispose());

/** Standard output of a command that succeeds. */
async function out(...argv: readonly string[]): Promise<string> {
  const outcome = await server.moldau(argv);
  expect(outcome, outcome.err).toMatchObject({ code: 0, err: '' });
  return outcome.out;
}

async function json(...argv: readonly string[]): Promise<unknown> {
  return JSON.parse(await out(...argv, '-o', 'json'));
}

describe('moldau topic', () => {
  it('creates, lists, describes and deletes', async () => {
    expect(await out('topic', 'create', 'orders', '--partitions', '3', '--config', 'retention.ms=60000')).toBe('topic orders created\n');
    expect(await out('topic', 'list')).toMatch(/^NAME +PARTITIONS +REPLICATION +ID\norders +3 +1 +\S+\n$/);
    const described = await out('topic', 'describe', 'orders');
    expect(described).toContain('retention.ms=60000');
    expect(described.trim().split('\n')).toHaveLength(2 + 1 + 3);
    expect(await json('topic', 'describe', 'orders')).toMatchObject([
      { name: 'orders', partitions: [{ partition: 0, leader: 1, endOffset: 0 }, { partition: 1 }, { partition: 2 }] },
    ]);
    expect(await out('topic', 'delete', 'orders', '--dry-run')).toBe('topic orders would be deleted\n');
    expect(await json('topic', 'delete', 'orders')).toMatchObject([{ name: 'orders', deleted: true }]);
    expect(await json('topic', 'list')).toEqual([]);
  });

  it('creates only what is not there when asked to, and says so', async () => {
    expect(await out('topic', 'create', 'once', '--dry-run')).toBe('topic once would be created\n');
    await out('topic', 'create', 'once');
    expect(await out('topic', 'create', 'once', '--if-not-exists')).toBe('topic once exists\n');
    const again = await server.moldau(['topic', 'create', 'once']);
    expect(again).toMatchObject({ code: 1, out: '' });
    expect(again.err).toContain('TOPIC_EXISTS');
  });

  it('adds partitions, and never takes one away', async () => {
    await out('topic', 'create', 'wide');
    expect(await out('topic', 'add-partitions', 'wide', '--total', '4')).toContain('4');
    const fewer = await server.moldau(['topic', 'add-partitions', 'wide', '--total', '2']);
    expect(fewer.code).toBe(1);
    expect(fewer.err).toContain('INVALID_PARTITIONS');
  });

  it('sets, shows and resets settings', async () => {
    await out('topic', 'create', 'tuned');
    await out('topic', 'config', 'tuned', '--set', 'retention.ms=1000', '--set', 'segment.bytes=1048576');
    expect(await out('topic', 'config', 'tuned')).toMatch(/retention\.ms +1000/);
    await out('topic', 'config', 'tuned', '--reset', 'retention.ms');
    const settings = await out('topic', 'config', 'tuned');
    expect(settings).not.toContain('retention.ms');
    expect(settings).toContain('segment.bytes');
    expect(await out('topic', 'config', 'tuned', '--all')).toContain('retention.ms');
    const wrong = await server.moldau(['topic', 'config', 'tuned', '--set', 'retention.ms=soon']);
    expect(wrong.code).toBe(1);
    expect(wrong.err).toContain('INVALID_CONFIG');
    expect(wrong.err).toContain('soon');
  });
});

describe('moldau produce and consume', () => {
  it('carry bytes through: keys, empty values, a last line without its end', async () => {
    await out('topic', 'create', 'lines', '--partitions', '1');
    const produced = await server.moldau(['produce', 'lines', '--key-separator', ':', '--header', 'from=spec', '-o', 'json'], {
      input: 'a:1\nb:\nc:3:4\r',
    });
    expect(produced.code).toBe(0);
    expect(JSON.parse(produced.out)).toEqual({ topic: 'lines', records: 3 });
    const all = ['consume', 'lines', '--from', 'earliest', '--exit-at-end'];
    expect(await out(...all, '-f', '%p@%o %k=%v;')).toBe('0@0 a=1;0@1 b=;0@2 c=3:4\r;');
    expect(await out(...all)).toBe('1\n\n3:4\r\n');
    expect(await out('consume', 'lines', '--from', '1', '--max', '1', '-f', '%k')).toBe('b');
    const records = (await out(...all, '-o', 'json')).trim().split('\n');
    expect(records.map((line) => JSON.parse(line) as unknown)[0]).toMatchObject({
      topic: 'lines',
      offset: 0,
      key: 'a',
      value: '1',
      headers: [{ name: 'from', value: 'spec' }],
    });
  });

  it('follow a topic from now on, and stop at so many records', async () => {
    await out('topic', 'create', 'followed', '--partitions', '1');
    const consumed = server.moldau(['consume', 'followed', '--max', '1']);
    // "Latest" is where the topic ends when the consumer has begun, which nobody outside sees.
    const producing = setInterval(() => void server.moldau(['produce', 'followed'], { input: 'now\n' }), 100);
    expect(await consumed.finally(() => clearInterval(producing))).toMatchObject({ code: 0, out: 'now\n' });
  });

  it('refuse a line without its key, and a topic that is not there, which is never made by producing', async () => {
    await out('topic', 'create', 'keyed');
    const unkeyed = await server.moldau(['produce', 'keyed', '--key-separator', ':'], { input: 'a:1\nb\n' });
    expect(unkeyed).toMatchObject({ code: 1 });
    expect(unkeyed.err).toContain("line 2 has no key separator ':'");
    for (const argv of [
      ['produce', 'absent'],
      ['consume', 'absent', '--exit-at-end'],
    ]) {
      const outcome = await server.moldau(argv, { input: 'x\n' });
      expect(outcome).toMatchObject({ code: 1, out: '' });
      expect(outcome.err).toContain('UNKNOWN_TOPIC');
      expect(outcome.err).toContain('absent');
    }
    expect(await out('topic', 'list')).not.toContain('absent');
  });
});

describe('moldau cluster', () => {
  it('describe and broker list show the broker', async () => {
    expect(await out('cluster', 'describe')).toContain(server.address);
    expect(JSON.stringify(await json('cluster', 'describe'))).toContain('"brokerId":1');
    expect(await out('broker', 'list')).toMatch(new RegExp(`1 +${server.address} +- +unfenced`));
    expect(await json('broker', 'list')).toMatchObject([{ brokerId: 1, fenced: false }]);
  });

  it('health finds nothing wrong with a standalone', async () => {
    await out('topic', 'create', 'well', '--partitions', '2');
    const text = await out('cluster', 'health');
    expect(text).toMatch(/^cluster \S+ is healthy\ncontroller +\S+\nbrokers +1 unfenced, 0 fenced\n/);
    expect(text).toMatch(/without leader +0\n +under min ISR +0\n +under-replicated +0\n$/);
    expect(await json('cluster', 'health')).toMatchObject({ healthy: true, brokers: { unfenced: [1], fenced: [] } });
  });

  it('health says what is wrong, in both formats', async () => {
    await using leaderless = await startLeaderlessServer();
    const options = ['cluster', 'health', '--bootstrap', leaderless.address];
    const table = await moldau(options);
    expect(table.out).toMatch(/ is not healthy\ncontroller +none\n/);
    const inJson = await moldau([...options, '-o', 'json']);
    expect(JSON.parse(inJson.out)).toMatchObject({ healthy: false, controller: null, partitions: { total: 0 } });
    expect([table.code, inJson.code]).toEqual([EXIT_CODES.unhealthy.code, EXIT_CODES.unhealthy.code]);
  });
});

describe('moldau partition describe', () => {
  it('shows leader, epoch and replicas of all partitions, or of one', async () => {
    await out('topic', 'create', 'led', '--partitions', '3');
    expect(await out('partition', 'describe', 'led')).toMatch(/^PARTITION +LEADER +EPOCH +REPLICAS .*\n0 +1 +\d+ +1 +1 +- +1 +- +- +-\n1 /);
    expect(await json('partition', 'describe', 'led', '--partition', '2')).toMatchObject([
      { topic: 'led', partition: 2, leader: 1, replicas: [1], inSyncReplicas: [1], eligibleLeaderReplicas: [], minInSyncReplicas: 1 },
    ]);
    const none = await server.moldau(['partition', 'describe', 'led', '--partition', '3']);
    expect(none).toMatchObject({ code: 1, out: '' });
    expect(none.err).toContain('UNKNOWN_PARTITION');
    expect((await server.moldau(['partition', 'describe', 'absent'])).err).toContain('UNKNOWN_TOPIC');
  });
});

describe('a local cluster', () => {
  it('is not started without etcd, and the error says how to get it', async () => {
    vi.stubEnv('MOLDAU_ETCD', '/nowhere/etcd');
    const data = `${server.dataDir}-cluster`;
    const { code, err } = await moldau(['cluster', 'up', '--data', data, '--brokers', '1']);
    vi.unstubAllEnvs();
    expect(code).toBe(EXIT_CODES.failed.code);
    expect(err).toContain("PROCESS_NOT_STARTED: MOLDAU_ETCD names '/nowhere/etcd'");
    const larger = await moldau(['cluster', 'up', '--data', data, '--brokers', '2']);
    expect(larger).toMatchObject({ code: EXIT_CODES.usage.code, out: '' });
    expect(larger.err).toContain('brokers 1, not 2');
    expect(await moldau(['cluster', 'down', '--data', data])).toMatchObject({ code: 0, out: `no cluster runs in ${data}\n` });
  });

  it('that does not exist is down already, and its directory is not made', async () => {
    const data = `${server.dataDir}-absent`;
    expect(await moldau(['cluster', 'down', '--data', data])).toMatchObject({ code: 0, out: `no cluster runs in ${data}\n` });
    expect(JSON.parse((await moldau(['cluster', 'down', '--data', data, '-o', 'json'])).out)).toEqual({ stopped: [], killed: [] });
    expect(existsSync(data)).toBe(false);
  });
});
