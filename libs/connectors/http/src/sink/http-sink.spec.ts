import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DataValue, JsonObject } from '@moldau/connect';
import { SinkKit, type SinkKitOptions } from '@moldau/connect/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { httpSink } from './http-sink.ts';
import { retryAfterMs } from './send.ts';
import { type HttpSinkConfig, sinkConfig } from './sink-config.ts';

interface Received {
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
}

type Kit = SinkKit<HttpSinkConfig>;
let server: Server;
let received: Received[];
let answer: (request: Received) => Answer | 'hang';
const kits: Kit[] = [];

beforeEach(async () => {
  received = [];
  answer = () => ({ status: 200 });
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (part: string) => (body += part));
    request.on('end', () => {
      const got = { url: request.url ?? '', headers: request.headers, body };
      const given = answer(got);
      if (given === 'hang') return;
      if (given.status < 300) received.push(got);
      response.writeHead(given.status, given.headers);
      response.end('said the receiver');
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  for (const kit of kits.splice(0)) await kit.close().catch(() => undefined);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function open(settings: JsonObject = {}, options: SinkKitOptions = {}): Promise<Kit> {
  const { port } = server.address() as AddressInfo;
  const kit = await SinkKit.open(httpSink, { 'http.url': `http://127.0.0.1:${port}/in/\${topic}`, ...settings }, options);
  kits.push(kit);
  return kit;
}

function values(...list: readonly DataValue[]): { readonly value: { readonly value: DataValue } }[] {
  return list.map((value) => ({ value: { value } }));
}

describe('the HTTP sink', () => {
  it('sends batches of records, and commits what was taken', async () => {
    const kit = await open({ 'batch.max.records': 2 });
    await kit.put(values(1, { a: 'x' }, 3n));
    expect(received.map(({ body }) => body)).toEqual(['[1,{"a":"x"}]']);
    await kit.flush();
    expect(received.map(({ body }) => body)).toEqual(['[1,{"a":"x"}]', '[3]']);
    expect(kit.committed()).toBe(3);
    expect(received[0]).toMatchObject({
      url: '/in/test',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'test-0-0-1' },
    });
  });

  it('asks to be flushed when a batch has waited', async () => {
    const kit = await open({ 'linger.ms': 20 });
    await kit.put(values(1));
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(kit.flushRequests).toBe(1);
  });

  it('closes a batch by its bytes', async () => {
    const kit = await open({ 'batch.max.bytes': 1024 });
    await kit.put(values('x'.repeat(600), 'y'.repeat(600), 'z'.repeat(3000)));
    await kit.flush();
    expect(received).toHaveLength(3);
  });

  it.each<[JsonObject, DataValue, string, string]>([
    [{ 'batch.format': 'ndjson' }, { a: 1 }, '{"a":1}\n', 'application/x-ndjson'],
    [{ 'batch.format': 'single' }, 'text', 'text', 'text/plain; charset=utf-8'],
    [{ 'batch.format': 'single' }, new Uint8Array([65]), 'A', 'application/octet-stream'],
    [{ 'batch.format': 'single' }, { a: 1 }, '{"a":1}', 'application/json'],
    [{ 'batch.format': 'single', 'content.type': 'x/y' }, 1, '1', 'x/y'],
  ])('with %o sends %o as %s', async (settings, value, body, type) => {
    const kit = await open(settings);
    await kit.put(values(value));
    await kit.flush();
    expect(received[0]?.body).toBe(body);
    expect(received[0]?.headers['content-type']).toBe(type);
  });

  it('sends whole records where it shall', async () => {
    const kit = await open({ 'batch.content': 'record' });
    await kit.put([{ value: { value: 1 }, key: { value: 'k' }, headers: [{ name: 'h', value: { value: true } }], timestampMs: 5 }]);
    await kit.flush();
    const wanted = { topic: 'test', partition: 0, offset: 0, timestamp: 5, key: 'k', value: 1, headers: [{ name: 'h', value: true }] };
    expect(JSON.parse(received[0]?.body ?? '')).toEqual([wanted]);
  });

  it.each<[JsonObject, string]>([
    [{ 'auth.type': 'bearer', 'auth.token': 't' }, 'Bearer t'],
    [{ 'auth.type': 'basic', 'auth.user': 'u', 'auth.password': 'p' }, `Basic ${Buffer.from('u:p').toString('base64')}`],
  ])('proves who it is with %o', async (settings, wanted) => {
    const kit = await open({ ...settings, 'http.headers.X-Site': 's' });
    await kit.put(values(1));
    await kit.flush();
    expect(received[0]?.headers).toMatchObject({ authorization: wanted, 'x-site': 's' });
  });

  it('sends every record once, in order, however often the receiver is away', async () => {
    let calls = 0;
    answer = () => ({ status: (calls += 1) % 3 === 0 ? 200 : 503 });
    const kit = await open({ 'batch.max.records': 3 });
    await kit.put(values(1, 2, 3, 4, 5, 6, 7));
    await kit.flush();
    expect(received.flatMap(({ body }) => JSON.parse(body) as number[])).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(kit.retried.length).toBeGreaterThan(0);
  });
});

describe('a receiver that does not take', () => {
  it('is given the time that it asks for', async () => {
    const answers: Answer[] = [{ status: 429, headers: { 'retry-after': '7' } }];
    answer = () => answers.shift() ?? { status: 200 };
    const kit = await open({ 'retry.after.max.ms': 50 });
    await kit.put(values(1));
    await kit.flush();
    expect(kit.retried.map(({ retryAfterMs: ms }) => ms)).toEqual([50]);
    expect(kit.retried[0]?.message).toContain('status 429: said the receiver');
  });

  it('is asked again when it does not answer in time', async () => {
    let calls = 0;
    answer = () => ((calls += 1) === 1 ? 'hang' : { status: 200 });
    const kit = await open({ 'request.timeout.ms': 100 });
    await kit.put(values(1));
    await kit.flush();
    expect(kit.retried[0]?.message).toContain('no answer within 100 ms');
  });

  it('for one record of many is told of the others, and that one is reported', async () => {
    answer = ({ body }) => ({ status: body.includes('bad') ? 422 : 200 });
    const kit = await open({}, { tolerant: true });
    await kit.put(values('a', 'b', 'bad', 'c', 'd'));
    await kit.flush();
    expect(received.flatMap(({ body }) => JSON.parse(body) as string[])).toEqual(['a', 'b', 'c', 'd']);
    expect(kit.bad.map(({ record, error }) => [record.offset, error.message.includes('status 422')])).toEqual([[2, true]]);
    expect(kit.committed()).toBe(5);
  });

  it('because of who asks, or where, fails the task and commits nothing', async () => {
    answer = () => ({ status: 403 });
    const kit = await open({}, { tolerant: true });
    await kit.put(values('a'));
    await expect(kit.flush()).rejects.toThrow('status 403');
    expect(kit.committed()).toBe(0);
  });

  it('and sends elsewhere is not followed', async () => {
    answer = () => ({ status: 302, headers: { location: 'http://other/' } });
    const kit = await open();
    await kit.put(values('a'));
    await expect(kit.flush()).rejects.toThrow('status 302');
  });
});

describe('Retry-After', () => {
  it('is seconds or a date', () => {
    expect(retryAfterMs('3', 0)).toBe(3000);
    expect(retryAfterMs('Thu, 01 Jan 1970 00:00:05 GMT', 1000)).toBe(4000);
    expect(retryAfterMs('Thu, 01 Jan 1970 00:00:05 GMT', 9000)).toBe(0);
    expect(retryAfterMs('soon', 0)).toBeUndefined();
    expect(retryAfterMs(null, 0)).toBeUndefined();
  });
});

describe('settings of the HTTP sink', () => {
  it('are refused all at once', () => {
    const parsed = sinkConfig.parse({
      'http.url': 'http://x/',
      'auth.type': 'basic',
      'auth.user': 'u',
      'retry.statuses': '500,413',
      'record.error.statuses': '413,200',
      'http.headers.a b': 'x',
    });
    expect(parsed.ok ? [] : parsed.errors.map(({ field }) => field)).toEqual([
      'auth.password',
      'record.error.statuses',
      'retry.statuses',
      'http.headers.a b',
    ]);
    const other = sinkConfig.parse({ 'http.url': 'ftp://x/' });
    expect(other.ok ? [] : other.errors[0]?.message).toBe('"ftp://x/" is no http or https URL');
  });
});
