import { randomUUID } from 'node:crypto';
import type { ServiceError } from '@grpc/grpc-js';
import { type SpawnedStandalone, spawnStandalone } from '@moldau/harness';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { errorInfoOf } from './error-info.ts';
import { type DuplexStream, type Message, type ProtoClient, protoClient } from './proto-client.ts';

const WAIT = { timeout: 20_000, interval: 20 };

/** Everything in this file knows Moldau from its .proto files alone. */
let server: SpawnedStandalone;
let gateway: ProtoClient;
let admin: ProtoClient;

beforeAll(async () => {
  server = await spawnStandalone();
  gateway = await protoClient('moldau/v1/gateway.proto', 'moldau.v1.GatewayService', server.address);
  admin = await protoClient('moldau/v1/admin.proto', 'moldau.v1.AdminService', server.address);
});

afterAll(async () => {
  for (const client of [gateway, admin]) client?.close();
  await server?.dispose();
});

/** A stream of Subscribe with what it was told. */
class Subscriber {
  readonly stream: DuplexStream;
  readonly told: Message[] = [];
  failure: ServiceError | undefined;
  closed = false;

  constructor(start: Message) {
    this.stream = gateway.duplex('Subscribe');
    this.stream.write({ start });
    void this.#read();
  }

  /** What it was told of one kind. */
  of(kind: string): Message[] {
    return this.told.flatMap((message) => (message[kind] === undefined ? [] : [message[kind] as Message]));
  }

  get values(): string[] {
    return this.of('delivery').flatMap((delivery) => (delivery['records'] as Message[]).map((record) => String(record['value'])));
  }

  acknowledge(...deliveryIds: unknown[]): void {
    this.stream.write({ acknowledge: { deliveryIds } });
  }

  async #read(): Promise<void> {
    try {
      for await (const message of this.stream) this.told.push(message);
    } catch (caught) {
      this.failure = caught as ServiceError;
    }
    this.closed = true;
  }
}

async function topicWith(values: readonly string[]): Promise<string> {
  const topic = `orders-${randomUUID()}`;
  await admin.call('CreateTopics', { topics: [{ name: topic, partitions: 1 }] });
  await publish(topic, values);
  return topic;
}

async function publish(topic: string, values: readonly string[]): Promise<void> {
  await gateway.call('Publish', { topic, records: values.map((value) => ({ value: Buffer.from(value) })) });
}

async function reasonOf(subscriber: Subscriber): Promise<string | undefined> {
  await vi.waitFor(() => expect(subscriber.failure).toBeDefined(), WAIT);
  return subscriber.failure && (await errorInfoOf(subscriber.failure))?.reason;
}

describe('a subscriber', () => {
  it('comes back with its member id and is delivered what it had not acknowledged', async () => {
    const topic = await topicWith(['a', 'b', 'c']);
    const start = { groupId: randomUUID(), topics: [topic], maxBytes: 1 };
    const first = new Subscriber(start);
    await vi.waitFor(() => expect(first.values).toEqual(['a', 'b', 'c']), WAIT);
    first.acknowledge(first.of('delivery')[0]?.['deliveryId']);
    const memberId = first.of('joined')[0]?.['memberId'];
    const second = new Subscriber({ ...start, memberId });
    await vi.waitFor(() => expect(second.values).toContain('c'), WAIT);
    expect(['a,b,c', 'b,c']).toContain(second.values.join());
    expect(await reasonOf(first)).toBe('FENCED_INSTANCE');
    for (const { deliveryId } of second.of('delivery')) second.acknowledge(deliveryId);
    second.stream.write({ leave: {} });
    await vi.waitFor(() => expect([second.closed, second.failure]).toEqual([true, undefined]), WAIT);
    await publish(topic, ['d']);
    const third = new Subscriber(start);
    await vi.waitFor(() => expect(third.values).toEqual(['d']), WAIT);
    third.stream.cancel();
  });

  it('waits for a topic that does not exist yet', async () => {
    const topic = `later-${randomUUID()}`;
    const subscriber = new Subscriber({ groupId: randomUUID(), topics: [topic] });
    await vi.waitFor(() => expect(subscriber.of('joined')).toHaveLength(1), WAIT);
    await admin.call('CreateTopics', { topics: [{ name: topic, partitions: 1 }] });
    await publish(topic, ['first']);
    await vi.waitFor(() => expect(subscriber.values).toEqual(['first']), WAIT);
    subscriber.stream.cancel();
  });

  it('is told of an acknowledgement of nothing, and goes on', async () => {
    const topic = await topicWith([]);
    const subscriber = new Subscriber({ groupId: randomUUID(), topics: [topic] });
    subscriber.acknowledge(1);
    await vi.waitFor(() => expect(subscriber.of('notAcknowledged')).toMatchObject([{ error: { reason: 'UNKNOWN_DELIVERY' } }]), WAIT);
    await publish(topic, ['after']);
    await vi.waitFor(() => expect(subscriber.values).toEqual(['after']), WAIT);
    subscriber.stream.cancel();
  });

  it.each([
    ['two starts', [{ start: { groupId: 'g', topics: ['t'] } }, { start: { groupId: 'g', topics: ['t'] } }], 'INVALID_REQUEST'],
    ['an acknowledgement first', [{ acknowledge: { deliveryIds: [1] } }], 'INVALID_REQUEST'],
    ['no topic', [{ start: { groupId: 'g' } }], 'INVALID_REQUEST'],
    ['an illegal name', [{ start: { groupId: 'g', topics: ['a/b'] } }], 'INVALID_TOPIC_NAME'],
    ['an illegal expression', [{ start: { groupId: 'g', topicPattern: '(' } }], 'INVALID_TOPIC_PATTERN'],
    ['an illegal group', [{ start: { groupId: '', topics: ['t'] } }], 'INVALID_GROUP_ID'],
  ])('is refused with %s', async (_what, messages, reason) => {
    const stream = gateway.duplex('Subscribe');
    for (const message of messages) stream.write(message);
    const failure = await (async (): Promise<ServiceError> => {
      try {
        for await (const message of stream) void message;
      } catch (caught) {
        return caught as ServiceError;
      }
      throw new Error('the stream ended well');
    })();
    expect((await errorInfoOf(failure))?.reason).toBe(reason);
  });
});
