import { createMoldau } from '@moldau/client';
import { spawnStandalone, tcpProxy } from '@moldau/harness';
import { Acks, gatewayService, type PublishRequest, type PublishResult } from '@moldau/protocol';
import { expect, it } from 'vitest';
import { rawBroker } from './fixture/raw-broker.ts';
import { readAll } from './fixture/read-all.ts';
import { createTopic } from './fixture/topic.ts';

const TIMEOUT_MS = 120_000;
/** How long a client waits for an answer that does not come. */
const PATIENCE_MS = 1_000;
const PARTITIONS = 3;

const request: PublishRequest = {
  topic: 'orders',
  records: ['a', 'b', 'c', 'd'].map((value, at) => ({
    key: at < 2 ? Buffer.from(`customer ${at}`) : undefined,
    value: Buffer.from(value),
    headers: [],
  })),
  acks: Acks.ALL,
  idempotencyKey: 'order 17',
};

const places = (results: readonly PublishResult[]): unknown[] => results.map(({ partition, offset, error }) => [partition, offset, error]);

it(
  'a Publish whose answer was lost is sent again with its key, also to a killed and restarted broker, and is written once',
  async () => {
    const proxy = await tcpProxy({ target: '127.0.0.1:1' });
    await using server = await spawnStandalone({ flags: ['--advertised-port', String(proxy.port)] });
    proxy.setTarget(server.listenAddress);
    const moldau = createMoldau({ bootstrap: proxy.address });
    await createTopic(moldau, 'orders', { partitions: PARTITIONS });
    using raw = rawBroker(proxy.address);
    const publish = async () => (await raw.call(gatewayService.publish, request, PATIENCE_MS)).results;
    const answered = async (): Promise<readonly PublishResult[]> => {
      let results: readonly PublishResult[] = [];
      const all = request.records.length;
      await expect.poll(async () => (results = await publish().catch(() => [])), { timeout: 30_000 }).toHaveLength(all);
      return results;
    };

    // 1. The broker writes, and the answer is lost.
    proxy.setFault('drop-answers');
    await expect(publish()).rejects.toMatchObject({ certainty: 'indefinite' });
    proxy.setFault('none');

    // 2. The same request again gets the answer that was lost, and gets it again after a kill.
    const first = await answered();
    await server.kill();
    await server.restart();
    expect(places(await answered())).toEqual(places(first));
    expect(first.every(({ error }) => error === undefined)).toBe(true);

    // 3. Each record is there once.
    const values = (await readAll(moldau, 'orders')).map(({ value }) => Buffer.from(value ?? []).toString());
    expect(values.sort()).toEqual(['a', 'b', 'c', 'd']);
    await moldau.close();
    await proxy.close();
  },
  TIMEOUT_MS,
);

it(
  'a key that is empty or too long is refused by name, value and limit',
  async () => {
    await using server = await spawnStandalone();
    using raw = rawBroker(server.address);
    for (const [idempotencyKey, value] of [
      ['', '0 bytes long'],
      ['x'.repeat(300), '300 bytes long'],
    ]) {
      await expect(raw.call(gatewayService.publish, { ...request, idempotencyKey })).rejects.toMatchObject({
        reason: 'INVALID_REQUEST',
        facts: { field: 'idempotency_key', value, limit: '1 … 256 bytes of UTF-8' },
      });
    }
  },
  TIMEOUT_MS,
);
