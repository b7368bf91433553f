import type { ServiceError } from '@grpc/grpc-js';
import { type SpawnedStandalone, spawnStandalone } from '@moldau/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorInfoOf } from './error-info.ts';
import { type AnswerStream, type Message, type ProtoClient, protoClient } from './proto-client.ts';

/** Everything in this file knows Moldau from its .proto files alone. */
let server: SpawnedStandalone;
let gateway: ProtoClient;
let admin: ProtoClient;
let metadata: ProtoClient;

beforeAll(async () => {
  server = await spawnStandalone();
  gateway = await protoClient('moldau/v1/gateway.proto', 'moldau.v1.GatewayService', server.address);
  admin = await protoClient('moldau/v1/admin.proto', 'moldau.v1.AdminService', server.address);
  metadata = await protoClient('moldau/v1/metadata.proto', 'moldau.v1.MetadataService', server.address);
  const created = await admin.call('CreateTopics', { topics: [{ name: 'flights', partitions: 3 }] });
  expect(created).toMatchObject({ results: [{ name: 'flights', partitions: 3, error: null }] });
});

afterAll(async () => {
  for (const client of [gateway, admin, metadata]) client?.close();
  await server?.dispose();
});

async function readAll(stream: AnswerStream): Promise<Message[]> {
  const records: Message[] = [];
  for await (const message of stream) records.push(...(message['records'] as Message[]));
  return records;
}

async function failureOf(call: Promise<unknown>): Promise<ServiceError> {
  return call.then(
    () => {
      throw new Error('the call succeeded');
    },
    (error: unknown) => error as ServiceError,
  );
}

const bytes = (text: string): Buffer => Buffer.from(text);

describe('a client made from the .proto files at run time', () => {
  it('publishes lines and reads them back, with keys, headers, nulls and empty values apart', async () => {
    const records = [
      { key: bytes('PRG'), value: bytes('late'), headers: [{ key: 'carrier', value: bytes('OK') }, { key: 'none' }] },
      { key: bytes('PRG'), value: bytes('') },
      { key: bytes('PRG') },
    ];
    const answer = await gateway.call('Publish', { topic: 'flights', records, acks: 'ACKS_ALL' });
    const results = answer['results'] as Message[];
    expect(results.map((result) => result['error'])).toEqual([null, null, null]);
    expect(results.map((result) => Number(result['offset']))).toEqual([0, 1, 2]);
    const partition = results[0]?.['partition'];
    expect(new Set(results.map((result) => result['partition']))).toEqual(new Set([partition]));

    const read = await readAll(gateway.stream('Read', { topic: 'flights', partitions: [partition], earliest: {}, stopAtEnd: true }));
    expect(read.map((record) => [record['key'], record['value']])).toEqual([
      [bytes('PRG'), bytes('late')],
      [bytes('PRG'), bytes('')],
      [bytes('PRG'), undefined],
    ]);
    expect(read[0]?.['headers']).toMatchObject([{ key: 'carrier', value: bytes('OK') }, { key: 'none' }]);
    expect((read[0]?.['headers'] as Message[])[1]?.['value']).toBeUndefined();
    expect(read.map((record) => Number(record['offset']))).toEqual([0, 1, 2]);
  });

  it('publishes over a stream and gets an answer for each request', async () => {
    const stream = gateway.duplex('PublishStream');
    for (let request = 1; request <= 50; request++) {
      stream.write({ requestId: request, publish: { topic: 'flights', records: [{ value: bytes(`line ${request}`), partition: 2 }] } });
    }
    stream.end();
    const answered: number[] = [];
    for await (const message of stream) {
      const answer = message['answer'] as Message;
      expect(answer['error']).toBeNull();
      answered.push(Number(answer['requestId']));
    }
    expect(answered.sort((one, other) => one - other)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  });

  it('reads a topic from an hour ago, and only so many records', async () => {
    const read = await readAll(gateway.stream('Read', { topic: 'flights', lastMs: 3_600_000, maxRecords: 5 }));
    expect(read).toHaveLength(5);
  });

  it('follows a topic: what is published later arrives', async () => {
    const stream = gateway.stream('Read', { topic: 'flights', partitions: [1], latest: {}, maxRecords: 1 });
    const reading = readAll(stream);
    // Latest means from when the call began, and the call begins when it reaches the server.
    const publishing = setInterval(() => {
      void gateway.call('Publish', { topic: 'flights', records: [{ value: bytes('now'), partition: 1 }] });
    }, 100);
    const [record] = await reading.finally(() => clearInterval(publishing));
    expect(record?.['value']).toEqual(bytes('now'));
  });

  it('asks what topics there are and who leads them', async () => {
    const answer = await metadata.call('GetMetadata', { allTopics: true });
    expect(answer).toMatchObject({ brokers: [{ brokerId: server.brokerId }], topics: [{ name: 'flights' }] });
    const [topic] = answer['topics'] as Message[];
    expect((topic?.['partitions'] as Message[]).map((partition) => partition['leaderId'])).toEqual([1, 1, 1]);
  });

  it('gets an error of the catalogue as ErrorInfo, with the facts', async () => {
    const error = await failureOf(readAll(gateway.stream('Read', { topic: 'no-such-topic', earliest: {} })));
    expect(error.code).toBe(5);
    expect(await errorInfoOf(error)).toMatchObject({ reason: 'UNKNOWN_TOPIC', domain: 'moldau' });
    const invalid = await failureOf(gateway.call('Publish', { topic: 'no/such/name', records: [{ value: bytes('x') }] }));
    expect(invalid.code).toBe(3);
    expect((await errorInfoOf(invalid))?.reason).toBe('INVALID_TOPIC_NAME');
  });

  it('gets the failure of one record beside the success of its neighbour', async () => {
    const records = [
      { value: bytes('good'), partition: 0 },
      { value: bytes('bad'), partition: 99 },
    ];
    const { results } = (await gateway.call('Publish', { topic: 'flights', records })) as { results: Message[] };
    expect(results[0]).toMatchObject({ error: null });
    expect(results[1]).toMatchObject({ error: { retriable: false, certainty: 'CERTAINTY_DEFINITE' } });
  });

  it('finds the services by reflection', async () => {
    const reflection = await protoClient(REFLECTION_PROTO, 'grpc.reflection.v1.ServerReflection', server.address);
    const stream = reflection.duplex('ServerReflectionInfo');
    stream.write({ listServices: '' });
    stream.end();
    const names: unknown[] = [];
    for await (const message of stream) {
      const { service } = message['listServicesResponse'] as { service: Message[] };
      names.push(...service.map((entry) => entry['name']));
    }
    reflection.close();
    expect(names).toEqual(expect.arrayContaining(['moldau.v1.GatewayService', 'moldau.v1.ProducerService', 'moldau.v1.FetchService']));
  });

  it("is told SERVING by gRPC's own health service", async () => {
    const health = await protoClient(HEALTH_PROTO, 'grpc.health.v1.Health', server.address);
    expect(await health.call('Check', { service: '' })).toMatchObject({ status: 'SERVING' });
    health.close();
  });
});

const HEALTH_PROTO = 'grpc/health/v1/health.proto';
const REFLECTION_PROTO = 'grpc/reflection/v1/reflection.proto';
