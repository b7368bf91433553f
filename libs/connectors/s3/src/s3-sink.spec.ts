import { gunzipSync } from 'node:zlib';
import { CreateBucketCommand, GetObjectCommand, ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { type DataValue, type JsonObject, RetriableError } from '@moldau/connect';
import { createSinkContext, createSinkRecord, type SinkInput, SinkKit, type SinkKitOptions } from '@moldau/connect/testing';
import { type MinioServer, startMinio, whyNoMinio } from '@moldau/real-systems';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { s3Sink } from './s3-sink.ts';
import { type S3SinkConfig, s3SinkConfig } from './s3-sink-config.ts';

type Kit = SinkKit<S3SinkConfig>;
const absent = whyNoMinio();
const { signal } = new AbortController();
const kits: Kit[] = [];
let server: MinioServer;
let client: S3Client;
let bucket: string;
let buckets = 0;

beforeAll(async () => {
  if (absent !== undefined) return;
  server = await startMinio();
  const { endpoint, accessKeyId, secretAccessKey } = server;
  client = new S3Client({ endpoint, region: 'us-east-1', credentials: { accessKeyId, secretAccessKey }, forcePathStyle: true });
});

afterAll(async () => {
  if (absent !== undefined) return;
  client.destroy();
  await server.stop();
});

beforeEach(async (context) => {
  if (absent !== undefined) context.skip(absent);
  bucket = `bucket-${(buckets += 1)}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
});

afterEach(async () => {
  for (const kit of kits.splice(0)) await kit.close().catch(() => undefined);
});

function settingsOf(settings: JsonObject): JsonObject {
  return {
    's3.bucket.name': bucket,
    'store.url': server.endpoint,
    'aws.access.key.id': server.accessKeyId,
    'aws.secret.access.key': server.secretAccessKey,
    ...settings,
  };
}

async function open(settings: JsonObject, options: SinkKitOptions = {}): Promise<Kit> {
  const kit = await SinkKit.open(s3Sink, settingsOf(settings), options);
  kits.push(kit);
  return kit;
}

function complaints(settings: JsonObject): Promise<readonly { readonly field: string; readonly message: string }[]> {
  const parsed = s3SinkConfig.parse(settingsOf(settings));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  return s3Sink.validate?.(parsed.config, signal) ?? Promise.resolve([]);
}

function inputs(...list: readonly DataValue[]): readonly SinkInput[] {
  return list.map((value) => ({ value: { value } }));
}

/** All objects as texts by their keys, without `topics/test/`. */
async function objects(): Promise<Readonly<Record<string, string>>> {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
  const found: [string, string][] = [];
  for (const { Key = '' } of Contents) {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
    const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array();
    found.push([Key.replace('topics/test/', ''), (Key.endsWith('.gz') ? gunzipSync(bytes) : Buffer.from(bytes)).toString('utf8')]);
  }
  return Object.fromEntries(found);
}

function name(offset: number, end = '.jsonl'): string {
  return `test+0+${String(offset).padStart(20, '0')}${end}`;
}

describe('the S3 sink', () => {
  it('finishes an object by its records, and commits only what stands in finished ones', async () => {
    const kit = await open({ 'flush.size': 2 });
    await kit.put(inputs({ a: 1 }, 'x', 3));
    await kit.flush();
    expect(await objects()).toEqual({ [`partition=0/${name(0)}`]: '{"a":1}\n"x"\n' });
    expect([kit.committed(), kit.flushRequests]).toEqual([2, 1]);
    await kit.restart();
    await kit.put(inputs(4));
    await kit.flush();
    expect(await objects()).toEqual({ [`partition=0/${name(0)}`]: '{"a":1}\n"x"\n', [`partition=0/${name(2)}`]: '3\n4\n' });
    expect(kit.committed()).toBe(4);
  });

  it('makes the same objects when a crash came before the commit, however records come', async () => {
    const settings = { 'flush.size': 5, partitioner: 'field', 'partition.field.name': 'site', 's3.compression.type': 'gzip' };
    const kit = await open(settings, { maxRecords: 3 });
    const sites = ['a', 'b', 'a', 'a', 'b', 'b', 'c', 'c', 'a', 'b', 'a'];
    await kit.put(inputs(...sites.map((site, n) => ({ site, n }))));
    const before = await objects();
    expect(Object.keys(before)).toEqual([
      `site=a/${name(0, '.jsonl.gz')}`,
      `site=a/${name(8, '.jsonl.gz')}`,
      `site=b/${name(1, '.jsonl.gz')}`,
      `site=b/${name(5, '.jsonl.gz')}`,
      `site=c/${name(6, '.jsonl.gz')}`,
    ]);
    expect(kit.committed()).toBe(0);
    await kit.crash();
    await kit.flush();
    expect(await objects()).toEqual(before);
    expect(kit.committed()).toBe(10);
  });

  it('puts records by their time into folders, and closes by their time', async () => {
    const kit = await open({ partitioner: 'time', 'path.format': "'day='yyyy-MM-dd/'hour='HH", 'rotate.interval.ms': '1h' });
    const at = (minute: number): SinkInput => ({ value: { value: minute }, timestampMs: minute * 60_000 });
    await kit.put([at(30), at(70), at(40), at(90), at(100)]);
    await kit.flush();
    expect(await objects()).toEqual({
      [`day=1970-01-01/hour=00/${name(0)}`]: '30\n40\n',
      [`day=1970-01-01/hour=01/${name(1)}`]: '70\n',
    });
    expect(kit.committed()).toBe(3);
  });

  it('closes by bytes, and before one object too many is open', async () => {
    const kit = await open({ 'rotate.bytes': 1024, partitioner: 'field', 'partition.field.name': 'k', 'open.objects.max': 2 });
    await kit.put(inputs({ k: 'a/b' }, { k: true }, { k: 3 }, { k: 3, text: 'x'.repeat(1024) }));
    expect(Object.keys(await objects())).toEqual([`k=3/${name(2)}`, `k=a%2Fb/${name(0)}`, `k=true/${name(1)}`]);
  });

  it('writes whole records where it shall', async () => {
    const kit = await open({ content: 'record', 'flush.size': 1, 'topics.dir': '' });
    await kit.put([{ value: { value: 1 }, key: { value: 'k' }, headers: [{ name: 'h', value: { value: true } }], timestampMs: 5 }]);
    const wanted = { topic: 'test', partition: 0, offset: 0, timestamp: 5, key: 'k', value: 1, headers: [{ name: 'h', value: true }] };
    expect(JSON.parse((await objects())[`test/partition=0/${name(0)}`] ?? '')).toEqual(wanted);
  });

  it('reports a record without the field of its folder, and goes on', async () => {
    const settings = { partitioner: 'field', 'partition.field.name': 'k', 'flush.size': 2 };
    const kit = await open(settings, { tolerant: true });
    await kit.put(inputs({ k: 1 }, { k: null }, { k: 1 }, 'text'));
    await kit.flush();
    expect(kit.bad.map(({ record, error }) => [record.offset, error.message])).toEqual([
      [1, 'the field k is absent; partition.field.name asks for it'],
      [3, 'the value has no fields; partition.field.name asks for k'],
    ]);
    expect(await objects()).toEqual({ [`k=1/${name(0)}`]: '{"k":1}\n{"k":1}\n' });
    expect(kit.committed()).toBe(4);
  });

  it('sends a large object in parts, and holds little of it', async () => {
    const kit = await open({ 'flush.size': 14_000, 's3.part.size': '5MiB', 'parts.in.flight.max': 1 });
    const text = 'x'.repeat(1000);
    await kit.put(inputs(...Array.from({ length: 14_000 }, (_, n) => `${n} ${text}`)));
    await kit.flush();
    const lines = (await objects())[`partition=0/${name(0)}`]?.split('\n');
    expect([lines?.length, lines?.[0], lines?.[13_999]]).toEqual([14_001, `"0 ${text}"`, `"13999 ${text}"`]);
    expect(kit.committed()).toBe(14_000);
  });

  it('gives up what it has sent of a partition that goes', async () => {
    const kit = await open({ 's3.part.size': '5MiB' });
    await kit.put(inputs(...Array.from({ length: 7 }, () => 'x'.repeat(1_048_576))));
    await kit.revoke([{ topic: 'test', partition: 0 }]);
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    expect([Uploads, await objects(), kit.committed()]).toEqual([[], {}, 0]);
  });
});

describe('a store that does not take', () => {
  it('because it is away is asked again, and has everything once at the end', async () => {
    const parsed = s3SinkConfig.parse(settingsOf({ 'flush.size': 3, 's3.part.size': '5MiB' }));
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
    const task = await s3Sink.start(parsed.config, createSinkContext());
    const records = Array.from({ length: 6 }, (_, offset) =>
      createSinkRecord(`${offset}${'x'.repeat(3_000_000)}`, { topic: 'test', partition: 0, offset }),
    );
    await server.crash();
    for (const _ of [1, 2]) {
      const error: unknown = await task.put(records, signal).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(RetriableError);
      expect(String(error)).toContain(`of s3://${bucket}/topics/test/partition=0/${name(0)} at ${server.endpoint}: ECONNREFUSED`);
    }
    expect(await task.flush('interval', signal)).toEqual([{ topic: 'test', partition: 0, offset: 0 }]);
    await server.start();
    await task.put(records, signal);
    expect(await task.flush('interval', signal)).toEqual([{ topic: 'test', partition: 0, offset: 6 }]);
    await task.close();
    expect(Object.values(await objects()).map((text) => text.split('\n').map((line) => line.slice(0, 2)))).toEqual([
      ['"0', '"1', '"2', ''],
      ['"3', '"4', '"5', ''],
    ]);
  });

  it.each<[string, JsonObject, string, string]>([
    ['a bucket that is not there', { 's3.bucket.name': 'not-there' }, 's3.bucket.name', 'NoSuchBucket'],
    ['a wrong secret', { 'aws.secret.access.key': 'wrong-secret' }, 'aws.access.key.id', 'SignatureDoesNotMatch'],
    ['an unknown key', { 'aws.access.key.id': 'nobody' }, 'aws.access.key.id', 'InvalidAccessKeyId'],
  ])('because of %s fails the task, and says so before', async (_what, settings, field, code) => {
    const [complaint] = await complaints(settings);
    expect(complaint?.field).toBe(field);
    expect(complaint?.message).toContain(`${code}: `);
    const kit = await open({ ...settings, 'flush.size': 1 });
    const error: unknown = await kit.put(inputs(1)).catch((thrown: unknown) => thrown);
    const shown = String(error);
    expect(shown).toContain(code);
    expect(shown).toContain(server.endpoint);
    expect(shown).toContain(name(0));
    expect(shown).not.toContain(String(settingsOf(settings)['aws.secret.access.key'] as string));
    expect([kit.retried, kit.committed()]).toEqual([[], 0]);
  });

  it('because nobody listens is named before', async () => {
    const [complaint] = await complaints({ 'store.url': 'http://127.0.0.1:1' });
    expect(complaint?.field).toBe('store.url');
    expect(complaint?.message).toContain('http://127.0.0.1:1: ECONNREFUSED');
    expect(await complaints({})).toEqual([]);
  });
});
