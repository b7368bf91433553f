import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import type { JsonObject } from '@moldau/connect';
import { SourceKit, type SourceKitOptions } from '@moldau/connect/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { httpSource } from './http-source.ts';
import type { HttpSourceConfig } from './source-config.ts';

type Kit = SourceKit<HttpSourceConfig>;
const kits: Kit[] = [];

afterEach(async () => {
  for (const kit of kits.splice(0)) await kit.close();
});

async function open(settings: JsonObject = {}, options: SourceKitOptions = {}): Promise<Kit> {
  const kit = await SourceKit.open(httpSource, { port: 0, topic: 'in', path: '/hook', ...settings }, options);
  kits.push(kit);
  return kit;
}

function urlOf(kit: Kit): string {
  return (kit.surroundings.statuses.get(0) ?? '').replace('listens at ', '');
}

function post(kit: Kit, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(urlOf(kit), { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
}

/** Posts, polls until so many records came, and gives the answer. */
async function deliver(
  kit: Kit,
  count: number,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Response> {
  const answer = post(kit, body, headers);
  await kit.pollUntil(kit.records.length + count);
  return answer;
}

async function errorOf(answer: Response): Promise<string> {
  return ((await answer.json()) as { readonly error: string }).error;
}

describe('the webhook source', () => {
  it.each<[string, string | Uint8Array<ArrayBuffer>, readonly unknown[]]>([
    ['application/json', '{"a":[1]}', [{ a: [1] }]],
    ['application/vnd.x+json; charset=utf-8', '5', [5]],
    ['application/x-ndjson', '{"a":1}\n\n{"a":2}\n', [{ a: 1 }, { a: 2 }]],
    ['text/plain', 'grüß', ['grüß']],
    ['application/octet-stream', new Uint8Array([0, 255]), [new Uint8Array([0, 255])]],
  ])('takes %s', async (type, body, values) => {
    const kit = await open();
    const answer = await deliver(kit, values.length, body, { 'content-type': type });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ records: values.length });
    expect(kit.records.map(({ value }) => value.value)).toEqual(values);
  });

  it('answers only after the records are written', async () => {
    const kit = await open();
    let answered = false;
    const answer = post(kit, '1').then(() => (answered = true));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(answered).toBe(false);
    await kit.pollUntil(1);
    await answer;
  });

  it('gives the elements of an array, the key and the headers that were asked for', async () => {
    const kit = await open({ 'json.split.arrays': true, 'key.header': 'X-Key', 'copy.headers': 'X-Site,X-None' });
    await deliver(kit, 2, '[1,2]', { 'x-key': 'k', 'x-site': 's' });
    expect(kit.records).toMatchObject([1, 2].map((value) => ({ topic: 'in', key: { value: 'k' }, value: { value } })));
    expect(kit.records[0]?.headers).toEqual([{ name: 'X-Site', value: { value: 's' } }]);
  });

  it('splits a request over batches that are smaller', async () => {
    const kit = await open({ 'json.split.arrays': true }, { limits: { maxRecords: 2, maxBytes: 1000 } });
    expect((await deliver(kit, 5, '[1,2,3,4,5]')).status).toBe(200);
    expect(kit.records.map(({ value }) => value.value)).toEqual([1, 2, 3, 4, 5]);
  });

  it('answers an empty batch at once', async () => {
    const kit = await open({ 'json.split.arrays': true });
    expect(await (await post(kit, '[]')).json()).toEqual({ records: 0 });
  });

  it('tells those who wait that nothing is known when it ends', async () => {
    const kit = await open();
    const answer = post(kit, '1');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await kit.close();
    expect((await answer).status).toBe(503);
  });

  it('waits while its port is taken', async () => {
    const kit = await open();
    const { port } = new URL(urlOf(kit));
    const second = open({ port });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await kit.close();
    expect((await second).retried[0]?.message).toContain(`port ${port} of 127.0.0.1: listen EADDRINUSE`);
  });
});

describe('requests that are not taken', () => {
  it.each<[number, string, JsonObject, string, Record<string, string>]>([
    [400, 'the body is no JSON', {}, '{"a":', {}],
    [400, 'line 2 is no JSON', {}, '1\nx\n', { 'content-type': 'application/x-ndjson' }],
    [401, 'a bearer token is needed', { 'auth.token': 'secret' }, '1', {}],
    [401, 'a bearer token is needed', { 'auth.token': 'secret' }, '1', { authorization: 'Bearer secrets' }],
    [401, 'is not the HMAC-SHA256 of the body', { 'auth.hmac.secret': 's' }, '1', { 'x-hub-signature-256': 'sha256=00' }],
    [413, 'body.max.bytes is 10', { 'body.max.bytes': 10 }, '"123456789"', {}],
    [415, 'Content-Type text/plain is not taken; there are json', { 'content.types': 'json' }, '1', { 'content-type': 'text/plain' }],
    [415, 'Content-Encoding gzip is not taken', {}, '1', { 'content-encoding': 'gzip' }],
  ])('%s: %s', async (status, message, settings, body, headers) => {
    const kit = await open(settings);
    const answer = await post(kit, body, headers);
    expect(answer.status).toBe(status);
    expect(await errorOf(answer)).toContain(message);
    expect(await kit.poll()).toBe(0);
  });

  it('are those of another path or method', async () => {
    const kit = await open();
    expect((await fetch(`${urlOf(kit)}/x`, { method: 'POST' })).status).toBe(404);
    const answer = await fetch(urlOf(kit));
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it('are 503 with Retry-After while the queue is full, and taken when it is not', async () => {
    const kit = await open({ 'queue.max.records': 2, 'json.split.arrays': true });
    const first = post(kit, '[1,2]');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const answer = await post(kit, '3');
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await errorOf(answer)).toContain('the queue is full: 2 of 2 records');
    await kit.pollUntil(2);
    expect((await first).status).toBe(200);
    expect((await deliver(kit, 1, '3')).status).toBe(200);
  });

  it('are 429 above the rate', async () => {
    const kit = await open({ 'requests.per.second.max': 1 });
    await deliver(kit, 1, '1');
    expect((await post(kit, '2')).status).toBe(429);
  });

  it('are 503 when the records are not written in time', async () => {
    const kit = await open({ 'acknowledge.timeout.ms': 100 });
    expect((await post(kit, '1')).status).toBe(503);
  });

  it('that break off leave no trace in the queue', async () => {
    const kit = await open({ 'queue.max.bytes': 1024, 'body.max.bytes': 1024 });
    const { port } = new URL(urlOf(kit));
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const socket = connect(Number(port), '127.0.0.1');
      await new Promise((resolve) =>
        socket.write(`POST /hook HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n${'x'.repeat(900)}`, resolve),
      );
      await new Promise((resolve) => setTimeout(resolve, 20));
      socket.destroy();
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await deliver(kit, 1, JSON.stringify('y'.repeat(1000)))).status).toBe(200);
  });
});

describe('requests with proof', () => {
  it('are taken with the token, and with the HMAC of the body', async () => {
    const kit = await open({ 'auth.token': 'secret', 'auth.hmac.secret': 'shared' });
    const signature = createHmac('sha256', 'shared').update('1').digest('hex');
    const answer = await deliver(kit, 1, '1', { authorization: 'Bearer secret', 'x-hub-signature-256': `sha256=${signature}` });
    expect(answer.status).toBe(200);
  });
});
