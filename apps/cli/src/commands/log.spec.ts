import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT_CODES } from '../exit-code.ts';
import { moldau } from '../testing/moldau.ts';
import { startTestServer, type TestServer } from '../testing/server.ts';

const { ok, failed, refused } = EXIT_CODES;

let server: TestServer;
/** The directory of a partition with three batches, one record each; no broker has it open. */
let partition: string;

beforeAll(async () => {
  server = await startTestServer();
  await server.moldau(['topic', 'create', 'logged', '--partitions', '1']);
  for (const line of ['one:1', 'two:2', 'three:3']) {
    await server.moldau(['produce', 'logged', '--key-separator', ':', '--header', 'h=v'], { input: `${line}\n` });
  }
  await server.stop();
  const topics = join(server.dataDir, 'topics');
  partition = join(topics, readdirSync(topics)[0] ?? '', '0');
});

afterAll(() => server.dispose());

function segmentOf(directory: string): string {
  return join(directory, readdirSync(directory).find((name) => name.endsWith('.log')) ?? 'none');
}

/** A copy of the data with one byte of the second batch changed; answers with the partition's directory there. */
async function damagedCopy(name: string): Promise<string> {
  const copy = join(dirname(server.dataDir), name);
  cpSync(server.dataDir, copy, { recursive: true });
  const directory = join(copy, partition.slice(server.dataDir.length));
  const segment = segmentOf(directory);
  const lines = (await moldau(['log', 'dump', segment, '-o', 'json'])).out.trim().split('\n');
  const { position } = JSON.parse(lines[1] ?? '') as { position: number };
  const bytes = readFileSync(segment);
  bytes.writeUInt8(bytes.readUInt8(position + 70) ^ 1, position + 70);
  writeFileSync(segment, bytes);
  return directory;
}

describe('moldau log dump', () => {
  it('decodes a segment for people: a line for each batch, and one for each record when asked', async () => {
    const batches = await moldau(['log', 'dump', segmentOf(partition)]);
    expect(batches).toMatchObject({ code: ok.code, err: '' });
    expect(batches.out.trim().split('\n')).toEqual(
      [0, 1, 2].map((offset): unknown => expect.stringMatching(`^@\\d+ .*baseOffset=${offset}( |$)`)),
    );
    expect(batches.out).not.toContain('undefined');
    const records = await moldau(['log', 'dump', segmentOf(partition), '--records']);
    expect(records.out).toContain('"key":"two","value":"2"');
  });

  it('decodes it as JSON, one object a line', async () => {
    const { code, out } = await moldau(['log', 'dump', segmentOf(partition), '--records', '-o', 'json']);
    expect(code).toBe(ok.code);
    const batches = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(batches).toHaveLength(3);
    expect(batches[2]).toMatchObject({
      baseOffset: 2,
      records: [{ offset: 2, key: 'three', value: '3', headers: [{ name: 'h', value: 'v' }] }],
    });
  });

  it('ends with 1 at the first damage, says where, and prints what lies before it', async () => {
    const segment = segmentOf(await damagedCopy('dump'));
    const { code, out, err } = await moldau(['log', 'dump', segment]);
    expect(code).toBe(failed.code);
    expect(out.trim().split('\n')).toHaveLength(1);
    expect(err).toMatch(/\.log is damaged at position \d+: .*CRC/i);
  });

  it('says that there is no such file, and what is no segment', async () => {
    const absent = join(partition, '00000000000000000099.log');
    expect(await moldau(['log', 'dump', absent])).toEqual({ code: failed.code, out: '', err: `moldau: there is no ${absent}\n` });
    const text = join(dirname(server.dataDir), '00000000000000000000.log');
    writeFileSync(text, 'no batches, but some text that is long enough to be looked at as if it were a batch of records');
    expect(await moldau(['log', 'dump', text])).toMatchObject({ code: failed.code, err: expect.stringContaining('position 0') as string });
    const directory = join(dirname(server.dataDir), '00000000000000000001.log');
    mkdirSync(directory);
    expect((await moldau(['log', 'dump', directory])).code).not.toBe(ok.code);
  });
});

describe('moldau log repair', () => {
  it('refuses to lose records unless told, and says which', async () => {
    const directory = await damagedCopy('refuse');
    const before = readFileSync(segmentOf(directory));
    const { code, err } = await moldau(['log', 'repair', directory]);
    expect(code).toBe(failed.code);
    expect(err).toContain('LOSS_NOT_ACCEPTED');
    expect(err).toContain('--accept-loss');
    expect(readFileSync(segmentOf(directory))).toEqual(before);
  });

  it('keeps every good batch at its offset, and tells people what was lost', async () => {
    const directory = await damagedCopy('table');
    const { code, out } = await moldau(['log', 'repair', directory, '--accept-loss']);
    expect(code).toBe(ok.code);
    expect(out).toMatch(/^lost offsets 1–1: .*\.log at position \d+\nrepaired: offsets 0–3 in \d segments?\n$/);
  });

  it('tells programs the same as JSON', async () => {
    const directory = await damagedCopy('json');
    const { code, out } = await moldau(['log', 'repair', directory, '--accept-loss', '-o', 'json']);
    expect(code).toBe(ok.code);
    expect(JSON.parse(out)).toMatchObject({
      lost: [{ from: 1, to: 2, position: expect.any(Number) as number }],
      startOffset: 0,
      endOffset: 3,
    });
  });

  it('of a sound partition loses nothing and needs no leave', async () => {
    const copy = join(dirname(server.dataDir), 'sound');
    cpSync(server.dataDir, copy, { recursive: true });
    const { code, out } = await moldau(['log', 'repair', join(copy, partition.slice(server.dataDir.length))]);
    expect(code).toBe(ok.code);
    expect(out).not.toContain('lost');
  });

  it('refuses a directory that a broker has open', async () => {
    const busy = await startTestServer();
    await busy.moldau(['topic', 'create', 'busy', '--partitions', '1']);
    const topics = join(busy.dataDir, 'topics');
    const { code, err } = await moldau(['log', 'repair', join(topics, readdirSync(topics)[0] ?? '', '0'), '--accept-loss']);
    await busy.dispose();
    expect(code).toBe(refused.code);
    expect(err).toContain('DATA_DIRECTORY_LOCKED');
  });

  it('refuses what is no partition and leaves nothing there, not even a lock', async () => {
    const place = join(dirname(server.dataDir), 'elsewhere');
    const directory = join(place, 'topics', 'x', '0');
    mkdirSync(directory, { recursive: true });
    const { code, err } = await moldau(['log', 'repair', directory, '--accept-loss']);
    expect(code).toBe(refused.code);
    expect(err).toContain('DATA/topics/TOPIC-ID/PARTITION');
    expect(readdirSync(place)).toEqual(['topics']);
    const absent = join(place, 'absent');
    expect(await moldau(['log', 'repair', absent])).toMatchObject({ code: failed.code, err: expect.stringContaining(absent) as string });
    expect(existsSync(absent)).toBe(false);
  });
});
